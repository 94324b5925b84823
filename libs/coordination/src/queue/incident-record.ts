/** Puts the moves of one incident together. Pure. */
import { type SlotId } from '../store.js';
import { type StoreState } from './store-state.js';
import { type Incident, type IncidentRecord, type Move } from './move.js';

/** The other side of planned moves: told by the successors, who do not know the incident. */
function isAnswerTo(move: Move, { kind, gateway }: Incident, sinceMs: number): boolean {
  if (kind === 'failover' || move.why !== 'mine-already' || move.from !== gateway) return false;
  return Date.parse(move.at) >= sinceMs;
}

/** Undefined: no move of it is known (any more). */
export function incidentRecord(incident: Incident, all: readonly Move[]): IncidentRecord | undefined {
  const own = all.filter((move) => move.incident?.id === incident.id);
  if (own.length === 0) return undefined;
  const startedMs = Math.min(...own.map(({ startedAt }) => Date.parse(startedAt)));
  const moves = [...own, ...all.filter((move) => isAnswerTo(move, incident, startedMs))];
  const endedMs = Math.max(...moves.map(({ at }) => Date.parse(at)));
  const takenBy: Record<string, number> = {};
  for (const { to, slots } of own) takenBy[to] = (takenBy[to] ?? 0) + slots.length;
  return {
    ...incident,
    startedAt: new Date(startedMs).toISOString(),
    at: new Date(endedMs).toISOString(),
    totalMs: endedMs - startedMs,
    slots: own.reduce((sum, { slots }) => sum + slots.length, 0),
    takenBy,
  };
}

/** Slots of the incident whose holder, as the store has it, does not live: nobody has taken them yet. */
export function unserved(
  { id, gateway }: Incident,
  all: readonly Move[],
  { slots, living }: StoreState,
): readonly SlotId[] {
  const moved = all
    .filter(({ incident }) => incident?.id === id)
    .flatMap(({ poolId, slots: ordinals }) => ordinals.map((ordinal) => poolId * 1024 + ordinal));
  const left = [...slots].filter(([, { holder }]) => holder === gateway).map(([slot]) => slot);
  return [...new Set([...moved, ...left])].filter((slot) => {
    const entry = slots.get(slot);
    // Wiped meanwhile: its holder writes it again.
    return entry !== undefined && (entry.released || !living.has(entry.holder));
  });
}
