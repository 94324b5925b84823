/**
 * Compares what the store, the leases and the cluster's map say of each slot. A failover makes them differ for seconds;
 * what differs in two audits in a row is for a human. Pure.
 */
import { type GatewayName } from '../store.js';
import { type StoreState } from './store-state.js';

/** A slot of the cluster's map. */
export interface RecordedSlot {
  readonly pool: string;
  readonly poolId: number;
  /** Number within the pool. */
  readonly slot: number;
  readonly holder: GatewayName | undefined;
  readonly epoch: number;
}

export type AuditFindingKind =
  /** Nobody holds it in the store. */
  | 'unheld'
  /** Its holder has no lease: dead, or cut off from Redis. */
  | 'holder-without-lease'
  /** Store and map name different holders or epochs. */
  | 'map-differs';

export interface AuditFinding {
  readonly kind: AuditFindingKind;
  readonly pool: string;
  readonly slot: number;
}

/** Slots of other keys of the store are not looked at: those of a deleted pool stay there and mean nothing. */
export function audit(map: readonly RecordedSlot[], { slots, living }: StoreState): readonly AuditFinding[] {
  return map.flatMap(({ pool, poolId, slot, holder, epoch }): AuditFinding[] => {
    const entry = slots.get(poolId * 1024 + slot);
    if (entry === undefined || entry.released) return [{ kind: 'unheld', pool, slot }];
    if (!living.has(entry.holder)) return [{ kind: 'holder-without-lease', pool, slot }];
    if (entry.holder !== holder || entry.epoch !== epoch) return [{ kind: 'map-differs', pool, slot }];
    return [];
  });
}

const keyOf = ({ kind, pool, slot }: AuditFinding): string => `${kind} ${pool}/${String(slot)}`;

/** Each finding by its key, and whether it has been told. */
export type AuditMemory = Readonly<Record<string, boolean>>;

/** What to tell now, and what the next audit must know. */
export function persisting(
  before: AuditMemory,
  findings: readonly AuditFinding[],
): { readonly tell: readonly AuditFinding[]; readonly memory: AuditMemory } {
  return {
    tell: findings.filter((finding) => before[keyOf(finding)] === false),
    memory: Object.fromEntries(findings.map((finding) => [keyOf(finding), keyOf(finding) in before])),
  };
}
