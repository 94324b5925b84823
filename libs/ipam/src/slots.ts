/**
 * Slots spread the addresses of a pool over gateways. Two ways: gateways hold slots by themselves in an order that is
 * planned here (`orderSlots`), or, without a store in which they could, holders are assigned (`planSlots`): static and
 * sticky, a slot changes its holder only when the holder is no longer a candidate.
 */

import { ranked } from './rendezvous.js';
import { type SlotCandidate, takeoverOrders } from './takeover.js';

export interface PlannedSlot {
  readonly slot: number;
  readonly holder?: string | undefined;
  /** Grows with every change of the holder. */
  readonly epoch: number;
  /** Who still serves connections of before the last planned move. */
  readonly previous?: string | undefined;
  /** The holder, then those that would take over, best first. */
  readonly order: readonly string[];
}

/** The slot with the fewest addresses; the lowest of equals. */
export function leastLoadedSlot(slots: number, loads: ReadonlyMap<number, number>): number {
  let best = 0;
  for (let slot = 1; slot < slots; slot++) {
    if ((loads.get(slot) ?? 0) < (loads.get(best) ?? 0)) best = slot;
  }
  return best;
}

/** `gateways` are the candidates, of which those in `ready` are preferred for slots without holder. */
export function planSlots(
  pool: { readonly name: string; readonly slots: number },
  candidates: { readonly gateways: readonly string[]; readonly ready: ReadonlySet<string> },
  before: readonly PlannedSlot[],
): readonly PlannedSlot[] {
  const known = new Map(before.map((entry) => [entry.slot, entry]));
  const { gateways, ready } = candidates;
  const load = new Map<string, number>();
  const kept = Array.from({ length: pool.slots }, (_, slot) => {
    const holder = known.get(slot)?.holder;
    const keeps = holder !== undefined && gateways.includes(holder) ? holder : undefined;
    if (keeps !== undefined) load.set(keeps, (load.get(keeps) ?? 0) + 1);
    return keeps;
  });
  return kept.map((holder, slot) => {
    const rank = ranked(pool.name, slot, gateways);
    const next = holder ?? lightest(rank, ready, load);
    if (holder === undefined && next !== undefined) load.set(next, (load.get(next) ?? 0) + 1);
    const earlier = known.get(slot);
    const epoch = (earlier?.epoch ?? 0) + (next !== undefined && next !== earlier?.holder ? 1 : 0);
    const order = next === undefined ? [] : [next, ...rank.filter((name) => name !== next)];
    return { slot, ...(next === undefined ? {} : { holder: next }), epoch, order };
  });
}

/** Where gateways hold slots by themselves (they record the holders): only who shall have a slot, and who takes over. */
export function orderSlots(
  pool: { readonly name: string; readonly slots: number },
  gateways: readonly SlotCandidate[],
  before: readonly PlannedSlot[],
): readonly PlannedSlot[] {
  const known = new Map(before.map((entry) => [entry.slot, entry]));
  return takeoverOrders(pool, gateways).map((order, slot) => {
    const { holder, previous, epoch = 0 } = known.get(slot) ?? {};
    return {
      slot,
      ...(holder === undefined ? {} : { holder }),
      ...(previous === undefined ? {} : { previous }),
      epoch,
      order,
    };
  });
}

/** Of the ready ones, or of all if none is: the one with the fewest slots; the slot's own ranking decides equals. */
function lightest(
  rank: readonly string[],
  ready: ReadonlySet<string>,
  load: ReadonlyMap<string, number>,
): string | undefined {
  const usable = rank.filter((name) => ready.has(name));
  const among = usable.length > 0 ? usable : rank;
  let best: string | undefined;
  for (const name of among) {
    if (best === undefined || (load.get(name) ?? 0) < (load.get(best) ?? 0)) best = name;
  }
  return best;
}
