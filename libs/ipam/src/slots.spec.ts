import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { orderSlots, type PlannedSlot } from './slots.js';
import { type SlotCandidate } from './takeover.js';

const slots = fc.constantFrom(1, 2, 8, 64).map((count) => ({ name: 'default', slots: count }));
/** Up to nine gateways, in up to four zones or in none. */
const gateways = fc
  .array(fc.option(fc.constantFrom('a', 'b', 'c', 'd'), { nil: undefined }), { minLength: 1, maxLength: 9 })
  .map((zones) => zones.map((zone, at): SlotCandidate => ({ name: `gw-${at}`, zone })));
const someLeave = gateways.chain((all) =>
  fc
    .array(fc.boolean(), { minLength: all.length, maxLength: all.length })
    .map((leaving) => all.map((gateway, at) => ({ ...gateway, leaving: leaving[at] === true }))),
);

const namesOf = (all: readonly SlotCandidate[]): readonly string[] => all.map(({ name }) => name);
const orders = (planned: readonly PlannedSlot[]) => planned.map(({ order }) => order);
const firsts = (planned: readonly PlannedSlot[]) => planned.map(({ order }) => order[0]);
const most = (names: readonly (string | undefined)[]): number =>
  Math.max(0, ...Array.from(Map.groupBy(names, (name) => name).values(), ({ length }) => length));
/** Gateways without a zone are zones of their own. */
const zonesOf = (all: readonly SlotCandidate[]) => {
  const zones = new Map(all.map(({ name, zone }) => [name, zone ?? name]));
  return (name: string | undefined): string => zones.get(name ?? '') ?? '';
};

const staying = (all: readonly SlotCandidate[]): readonly SlotCandidate[] => {
  const stay = all.filter(({ leaving }) => leaving !== true);
  return stay.length > 0 ? stay : all;
};

describe('the order in which gateways take slots', () => {
  it('names every gateway once, those that leave last', () => {
    fc.assert(
      fc.property(slots, someLeave, (pool, all) => {
        const stay = new Set(namesOf(staying(all)));
        const wrong = orders(orderSlots(pool, all, [])).filter((order) => {
          const staysFirst = order.slice(0, stay.size).every((name) => stay.has(name));
          return new Set(order).size !== all.length || order.length !== all.length || !staysFirst;
        });
        expect(wrong).toEqual([]);
      }),
    );
  });

  it('gives nobody more than its share', () => {
    fc.assert(
      fc.property(slots, someLeave, (pool, all) => {
        const share = Math.ceil(pool.slots / staying(all).length);
        expect(most(firsts(orderSlots(pool, all, [])))).toBeLessThanOrEqual(share);
      }),
    );
  });

  it('moves only the slots of a gateway that leaves or is lost', () => {
    fc.assert(
      fc.property(slots, gateways, fc.nat(), (pool, all, pick) => {
        const { name: gone } = all[pick % all.length] ?? { name: '' };
        const before = orders(orderSlots(pool, all, []));
        const leaves = all.map((gateway) => ({ ...gateway, leaving: gateway.name === gone }));
        const drained = orders(orderSlots(pool, leaves, []));
        const moved = before.filter(([first], slot) => first !== gone && drained[slot]?.[0] !== first);
        expect(moved).toEqual([]);
      }),
    );
  });

  it('takes zones in turn: none twice before each was there', () => {
    fc.assert(
      fc.property(slots, someLeave, (pool, all) => {
        const zone = zonesOf(all);
        const count = new Set(namesOf(staying(all)).map(zone)).size;
        const wrong = orders(orderSlots(pool, all, [])).filter(
          (order) => new Set(order.slice(0, count).map(zone)).size !== count,
        );
        expect(wrong).toEqual([]);
      }),
    );
  });

  it('spreads the slots of a lost zone evenly over the gateways of the others', () => {
    fc.assert(
      fc.property(slots, someLeave, (pool, all) => {
        const zone = zonesOf(all);
        const stay = namesOf(staying(all));
        const planned = orders(orderSlots(pool, all, []));
        for (const lost of new Set(stay.map(zone))) {
          const moved = planned.filter(([first]) => zone(first) === lost);
          const elsewhere = stay.filter((name) => zone(name) !== lost).length;
          if (elsewhere === 0) continue;
          const share = Math.ceil(moved.length / elsewhere);
          expect(most(moved.map(([, second]) => second))).toBeLessThanOrEqual(share);
        }
      }),
    );
  });

  it('keeps what is recorded of holders, and has nobody where there is no gateway', () => {
    const before = [{ slot: 0, holder: 'gw-9', previous: 'gw-8', epoch: 7, order: [] }];
    const pool = { name: 'default', slots: 2 };
    expect(orderSlots(pool, [], before)).toEqual([...before, { slot: 1, epoch: 0, order: [] }]);
  });
});
