/** Who holds which slot, and who still serves connections of before, from `status.slots` of the pools. Pure. */
import { type EgressGateway, type EgressPool, type EgressPoolSlot } from '@sluice/kube';
import { gatewayStates, whyUnheld } from '@sluice/model';

export interface Fleet {
  readonly gateways: readonly EgressGateway[];
  readonly pools: readonly EgressPool[];
}

export interface Share {
  /** Slots that it holds. */
  readonly held: number;
  /** Slots that it has handed over, and whose older connections it still serves. */
  readonly shared: number;
  /** Slots that it should have, and others have. */
  readonly missing: number;
}

interface PoolSlot extends EgressPoolSlot {
  readonly pool: string;
}

export const slotsOf = (pools: readonly EgressPool[]): readonly PoolSlot[] =>
  pools.flatMap(({ metadata, status }) =>
    (status?.slots ?? []).map((slot) => ({ ...slot, pool: metadata.name })),
  );

export function shareOf(gateway: string, pools: readonly EgressPool[]): Share {
  const slots = slotsOf(pools);
  return {
    held: slots.filter(({ holder }) => holder === gateway).length,
    shared: slots.filter(({ previous }) => previous === gateway).length,
    missing: slots.filter(({ order: [first], holder }) => first === gateway && holder !== gateway).length,
  };
}

/** Slots that it has handed over and still carries packets of, as it says itself; one that is lost carries none. */
export function leavingOf(gateway: string, { gateways }: Fleet): number {
  const { state, leavingSlots = 0 } =
    gateways.find(({ metadata }) => metadata.name === gateway)?.status ?? {};
  return state === 'Lost' ? 0 : leavingSlots;
}

/** Slots of one pool that have something in common. */
export interface SlotGroup {
  readonly pool: string;
  readonly slots: readonly number[];
}

function groups<T extends string>(
  slots: readonly PoolSlot[],
  key: (slot: PoolSlot) => readonly T[] | undefined,
): readonly (SlotGroup & { readonly key: readonly T[] })[] {
  const found = new Map<string, { readonly pool: string; slots: number[]; readonly key: readonly T[] }>();
  for (const slot of slots) {
    const parts = key(slot);
    if (parts === undefined) continue;
    const id = JSON.stringify([slot.pool, ...parts]);
    const group = found.get(id) ?? { pool: slot.pool, slots: [], key: parts };
    group.slots.push(slot.slot);
    found.set(id, group);
  }
  return [...found.values()];
}

/** Slots that nobody carries: without holder, or with one that does not work. */
export interface UnheldSlots extends SlotGroup {
  readonly why: string;
}

export function unheldSlots({ gateways, pools }: Fleet): readonly UnheldSlots[] {
  const states = gatewayStates(gateways);
  const found = groups(slotsOf(pools), (slot) => {
    const why = whyUnheld(slot, states);
    return why === undefined ? undefined : [why];
  });
  return found.map(({ pool, slots, key: [why = ''] }) => ({ pool, slots, why }));
}

/** Slots that were handed over, and whose older connections stay with the former holder until they end. */
export interface RetiringSlots extends SlotGroup {
  readonly from: string;
  readonly to: string;
}

export const retiringSlots = (pools: readonly EgressPool[]): readonly RetiringSlots[] =>
  groups(slotsOf(pools), ({ previous, holder = '' }) =>
    previous === undefined ? undefined : [previous, holder],
  ).map(({ pool, slots, key: [from = '', to = ''] }) => ({ pool, slots, from, to }));

/** 0-3,7 */
export function rangesText(slots: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const slot of slots.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] + 1 >= slot) last[1] = slot;
    else ranges.push([slot, slot]);
  }
  return ranges.map(([from, to]) => (from === to ? String(from) : `${String(from)}-${String(to)}`)).join(',');
}

/** "1 slot", "2 slots". */
export const count = (number: number, thing: string): string =>
  `${String(number)} ${thing}${number === 1 ? '' : 's'}`;
