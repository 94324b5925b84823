/** The annotation `sluice.dev/egress-status`, which people and programs read and anybody may have spoilt. */
import { type Namespace } from '@sluice/kube';
import { type EgressStatusEntry } from './cluster-plan.js';
import { egressStatusAnnotation } from './names.js';

const states: ReadonlySet<unknown> = new Set(['Ready', 'Pending', 'Refused']);

const isEntry = (value: unknown): value is EgressStatusEntry =>
  typeof value === 'object' && value !== null && 'state' in value && states.has(value.state);

/** Empty when there is none, or when it is not what Sluice writes. */
export function readEgressStatus({ metadata }: Namespace): readonly EgressStatusEntry[] {
  const text = metadata.annotations?.[egressStatusAnnotation];
  if (text === undefined) return [];
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) ? parsed.filter(isEntry) : [];
  } catch {
    return []; // somebody else's text: it is written anew
  }
}
