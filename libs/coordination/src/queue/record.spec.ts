import { describe, expect, test } from '@jest/globals';
import { audit, persisting } from './audit.js';
import { incidentRecord, unserved } from './incident-record.js';
import { Incidents } from './incidents.js';
import { type Move } from './move.js';
import { Outbox } from './outbox.js';
import { type StoreState } from './store-state.js';

const at = (ms: number): string => new Date(ms).toISOString();

let made = 0;
const move = (changes: Partial<Move>): Move => ({
  id: `move-${String(made++)}`,
  pool: 'default',
  poolId: 1,
  slots: [0],
  from: 'b',
  to: 'a',
  why: 'holder-dead',
  startedAt: at(1000),
  at: at(1500),
  steps: {},
  ...changes,
});

const state = (slots: readonly (readonly [number, string, boolean?])[], living: string[]): StoreState => ({
  slots: new Map(
    slots.map(([slot, holder, released = false]) => [slot, { holder, epoch: 7, released }] as const),
  ),
  living: new Set(living),
});

describe('the outbox', () => {
  test('keeps order, and the latest ones when there are too many', () => {
    const outbox = new Outbox(2);
    const [first, second, third] = [move({}), move({}), move({})];
    [first, second].forEach((each) => outbox.add(each));
    expect(outbox.first).toBe(first);
    outbox.add(third);
    expect([outbox.first, outbox.size, outbox.takeLost(), outbox.takeLost()]).toEqual([second, 2, 1, 0]);
    outbox.sent(second);
    expect(outbox.first).toBe(third);
    // Given up while it was on its way.
    outbox.sent(first);
    expect(outbox.size).toBe(1);
  });
});

describe('incidents', () => {
  const facts = { from: 'b', draining: false, atMs: 0 };

  test('a lost gateway is named by the process that was lost, on every gateway', () => {
    const incidents = new Incidents();
    incidents.seen(new Map([['b', { incarnation: 'b1' }]]));
    incidents.seen(new Map([['b', { incarnation: undefined }]]));
    const incident = { id: 'failover:b:b1', kind: 'failover', gateway: 'b' };
    for (const why of ['holder-dead', 'holder-gone', 'store-silent', 'released'] as const)
      expect(incidents.of({ ...facts, why })).toEqual(incident);
    expect(incidents.of({ ...facts, why: 'holder-dead', from: 'c' })?.id).toBe('failover:c:unknown');
  });

  test('a withdrawal goes on as long as its moves follow each other', () => {
    const incidents = new Incidents();
    const handed = (atMs: number, draining: boolean) =>
      incidents.of({ why: 'handed-over', from: 'a', draining, atMs })?.id;
    expect(handed(1000, true)).toBe('drain:a:1000');
    expect(handed(9000, true)).toBe('drain:a:1000');
    expect(handed(19_001, true)).toBe('drain:a:19001');
    expect(handed(19_002, false)).toBe('rebalance:a:19002');
  });

  test('what nobody lost is none', () => {
    const incidents = new Incidents();
    expect(incidents.of({ ...facts, why: 'never-held', from: undefined })).toBeUndefined();
    expect(incidents.of({ ...facts, why: 'mine-already' })).toBeUndefined();
  });
});

describe('the record of an incident', () => {
  const lost = { id: 'failover:b:b1', kind: 'failover', gateway: 'b' } as const;

  test('has the moves of all gateways, from the first step to the last slot open', () => {
    const moves = [
      move({ incident: lost, slots: [0, 1], to: 'a' }),
      move({ incident: lost, slots: [2], to: 'c', startedAt: at(900), at: at(1700) }),
      move({ to: 'c', startedAt: at(0) }),
    ];
    expect(incidentRecord(lost, moves)).toEqual({
      ...lost,
      startedAt: at(900),
      at: at(1700),
      totalMs: 800,
      slots: 3,
      takenBy: { a: 2, c: 1 },
    });
    expect(incidentRecord({ ...lost, id: 'other' }, moves)).toBeUndefined();
  });

  test('of a drain ends when the successors are open', () => {
    const drain = { id: 'drain:b:1', kind: 'drain', gateway: 'b' } as const;
    const moves = [
      move({ incident: drain, why: 'handed-over', startedAt: at(1000), at: at(1010) }),
      move({ why: 'mine-already', at: at(1300) }),
      move({ why: 'mine-already', at: at(400) }),
    ];
    expect(incidentRecord(drain, moves)).toMatchObject({ totalMs: 300, slots: 1, takenBy: { a: 1 } });
  });

  test('waits for slots that nobody serves', () => {
    const moves = [move({ incident: lost, slots: [0, 1] })];
    const base = 1024;
    const store = state(
      [
        [base, 'a'],
        [base + 1, 'c'],
        [base + 2, 'b'],
        [base + 3, 'd'],
      ],
      ['a'],
    );
    // 1: its taker died as well; 2: not taken yet; 3: another story.
    expect(unserved(lost, moves, store)).toEqual([base + 1, base + 2]);
  });
});

describe('the audit', () => {
  const map = [
    { pool: 'default', poolId: 1, slot: 0, holder: 'a', epoch: 7 },
    { pool: 'default', poolId: 1, slot: 1, holder: 'a', epoch: 6 },
    { pool: 'default', poolId: 1, slot: 2, holder: 'b', epoch: 7 },
    { pool: 'default', poolId: 1, slot: 3, holder: undefined, epoch: 0 },
    { pool: 'default', poolId: 1, slot: 4, holder: 'a', epoch: 7 },
  ];
  const findings = audit(
    map,
    state(
      [
        [1024, 'a'],
        [1025, 'a'],
        [1026, 'b'],
        [1028, 'a', true],
        [5000, 'gone'],
      ],
      ['a'],
    ),
  );

  test('compares store, leases and map', () => {
    expect(findings.map(({ kind, slot }) => [slot, kind])).toEqual([
      [1, 'map-differs'],
      [2, 'holder-without-lease'],
      [3, 'unheld'],
      [4, 'unheld'],
    ]);
  });

  test('tells what two in a row have found, once', () => {
    const first = persisting({}, findings);
    expect(first.tell).toEqual([]);
    const second = persisting(first.memory, findings.slice(1));
    expect(second.tell).toEqual(findings.slice(1));
    const third = persisting(second.memory, findings);
    expect(third.tell).toEqual([]);
    expect(persisting(third.memory, findings).tell).toEqual(findings.slice(0, 1));
  });
});
