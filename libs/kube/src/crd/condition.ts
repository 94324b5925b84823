/** Conditions as Kubernetes knows them (metav1.Condition). */
import { z } from 'zod';
import { type Wire } from '../object.js';
import { timeText } from './fields.js';
import { type Reason } from './reasons.js';

/** The API server refuses longer messages; ours are cut well before. */
const longestMessage = 1024;

export const conditionSchema = z.object({
  type: z.string().min(1).max(316),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z
    .string()
    .min(1)
    .max(128)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/),
  message: z.string().max(32768),
  lastTransitionTime: timeText,
  observedGeneration: z.int().min(0).optional(),
});

export type Condition = Wire<z.infer<typeof conditionSchema>>;
export type ConditionStatus = Condition['status'];

/** Lists of conditions merge by type, so that two writers may own a condition each. */
export const conditionList = z
  .array(conditionSchema)
  .max(16)
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] });

/** A condition that somebody wants to be true now; `Type` is a condition type of the object. */
export interface NextCondition<Type extends string = string> {
  readonly type: Type;
  readonly status: ConditionStatus;
  readonly reason: Reason;
  readonly message: string;
  readonly observedGeneration?: number;
}

/**
 * The list with `next` in place of the condition of its type, or at the end. `lastTransitionTime` moves to `nowIso`
 * (RFC 3339) only when the status changes. The same list comes back if nothing changed.
 */
export function setCondition(
  conditions: readonly Condition[] | undefined,
  next: NextCondition,
  nowIso: string,
): readonly Condition[] {
  const list = conditions ?? [];
  const before = list.find(({ type }) => type === next.type);
  const lastTransitionTime = before?.status === next.status ? before.lastTransitionTime : nowIso;
  const after: Condition = { ...next, message: cut(next.message), lastTransitionTime };
  if (before === undefined) return [...list, after];
  if (sameCondition(before, after)) return list;
  return list.map((condition) => (condition === before ? after : condition));
}

export const findCondition = (
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined => conditions?.find((condition) => condition.type === type);

export const isTrue = (conditions: readonly Condition[] | undefined, type: string): boolean =>
  findCondition(conditions, type)?.status === 'True';

const cut = (message: string): string =>
  message.length <= longestMessage ? message : `${message.slice(0, longestMessage - 1)}…`;

const sameCondition = (a: Condition, b: Condition): boolean =>
  a.status === b.status &&
  a.reason === b.reason &&
  a.message === b.message &&
  a.observedGeneration === b.observedGeneration;
