/** Ids in annotations, and who holds those that several Services claim. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { claimedIds, formatServiceIds, IdHolders, parseServiceIds } from './service-ids.js';
import { service } from './testing/objects.js';

describe('the annotation', () => {
  const ids = fc
    .uniqueArray(
      fc.record({
        protocol: fc.constantFrom('TCP', 'UDP', 'SCTP'),
        port: fc.integer({ min: 1, max: 65_535 }),
        id: fc.integer({ min: 1, max: 65_535 }),
      }),
      { minLength: 1, selector: ({ id }) => id },
    )
    .map((all) => new Map(all.map(({ protocol, port, id }) => [`${protocol}/${port}`, id])));

  test('is read back as it was written', () => {
    fc.assert(fc.property(ids, (all) => expect(parseServiceIds(formatServiceIds(all) ?? '')).toEqual(all)));
  });

  test('is sorted by protocol, then number', () => {
    const all = new Map([
      ['UDP/53', 1],
      ['TCP/443', 2],
      ['TCP/80', 3],
    ]);
    expect(formatServiceIds(all)).toBe('TCP/80=3,TCP/443=2,UDP/53=1');
    expect(formatServiceIds(new Map())).toBeUndefined();
  });

  test.each([
    '',
    'TCP/80',
    'TCP/80=0',
    'TCP/80=65536',
    'TCP/080=1',
    'TCP/80=1,',
    'TCP/80=1, UDP/53=2',
    'ICMP/1=1',
    'TCP/80=1,TCP/80=2',
    'TCP/80=1,UDP/80=1',
    'TCP/80=1e2',
  ])('"%s" is malformed', (text) => {
    expect(parseServiceIds(text)).toBeUndefined();
  });

  test('counts only for ports that are there, of a Service that is served', () => {
    const annotations = { 'sluice.dev/service-ids': 'TCP/80=17,TCP/81=19' };
    expect([...claimedIds(service({}, { annotations }))]).toEqual([['TCP/80', 17]]);
    expect(claimedIds(service({ type: 'ClusterIP' }, { annotations })).size).toBe(0);
  });
});

describe('an id that several Services claim', () => {
  const at = (second: number, name: string, namespace = 'shop', ids = 'TCP/80=17') =>
    service(
      {},
      {
        ...{ name, namespace, creationTimestamp: `2026-01-01T00:00:0${second}Z` },
        annotations: { 'sluice.dev/service-ids': ids },
      },
    );

  test('is held by the oldest; of one second, by the first by namespace and name', () => {
    const holders = new IdHolders();
    const [young, old, same, before] = [at(2, 'a'), at(1, 'b'), at(1, 'c'), at(1, 'z', 'bar')];
    expect(holders.add(young)).toEqual([]);
    expect(holders.add(old)).toEqual([young]);
    expect(holders.add(same)).toEqual([]);
    expect(holders.add(before)).toEqual([old]);
    expect([young, old, same].map((one) => holders.held(one).size)).toEqual([0, 0, 0]);
    expect(holders.remove(before)).toEqual([old]);
    expect(holders.remove(same)).toEqual([]);
    expect(holders.held(old)).toEqual(new Map([['TCP/80', 17]]));
  });

  test('takes nothing else from the younger one', () => {
    const holders = new IdHolders();
    const [young, old] = [at(2, 'a', 'shop', 'TCP/80=17,UDP/53=18'), at(1, 'b')];
    holders.add(young);
    holders.add(old);
    expect(holders.held(young)).toEqual(new Map([['UDP/53', 18]]));
  });

  test('has the same holder whatever came and went before', () => {
    const services = Array.from({ length: 6 }, (_, n) =>
      at(n % 3, `s${n}`, 'shop', n % 2 === 0 ? 'TCP/80=17' : 'TCP/80=18,UDP/53=17'),
    );
    const held = (holders: IdHolders, list: typeof services) => list.map((one) => [...holders.held(one)]);
    fc.assert(
      fc.property(fc.shuffledSubarray(services), fc.shuffledSubarray(services), (first, kept) => {
        const [moved, fresh] = [new IdHolders(), new IdHolders()];
        for (const one of first) moved.add(one);
        for (const one of first) if (!kept.includes(one)) moved.remove(one);
        for (const one of kept) if (!first.includes(one)) moved.add(one);
        for (const one of kept) fresh.add(one);
        expect(held(moved, kept)).toEqual(held(fresh, kept));
      }),
    );
  });
});
