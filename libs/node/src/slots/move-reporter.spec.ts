import { beforeEach, describe, expect, test } from '@jest/globals';
import { type Move, type SlotEffect } from '@sluice/coordination';
import { ManualClock, silentLogger } from '@sluice/core';
import { type SlotView } from '@sluice/model';
import { Registry } from 'prom-client';
import { type GatewayEvent } from './gateway-events.js';
import { MoveReporter } from './move-reporter.js';
import { slotMetrics } from './slot-metrics.js';

type Moved = Extract<SlotEffect, { readonly type: 'moved' }>;

const duty = (pool: string, poolId: number, ordinal: number) => ({
  slot: poolId * 1024 + ordinal,
  pool,
  ordinal,
  order: [],
  recorded: undefined,
  addresses: [],
});

const view: SlotView = {
  self: 'a',
  nodeId: 1,
  slots: [duty('default', 1, 0), duty('default', 1, 5), duty('second', 2, 7)],
  peers: [],
  draining: new Set(['a']),
  nextHops: [],
};

const taken: Moved = {
  type: 'moved',
  slots: [1024, 1029, 2055],
  why: 'holder-dead',
  from: 'b',
  to: 'a',
  startedAt: 1000,
  at: 1120,
  steps: { armed: 12, claimed: 18, probed: 120 },
};

describe('a move', () => {
  let clock: ManualClock;
  let registry: Registry;
  let reporter: MoveReporter;
  let told: [string, GatewayEvent][];
  let recorded: Move[];

  beforeEach(() => {
    clock = new ManualClock();
    clock.advance(1150);
    registry = new Registry();
    [told, recorded] = [[], []];
    reporter = new MoveReporter({
      clock,
      logger: silentLogger,
      metrics: slotMetrics(registry),
      events: { tell: (name, event) => told.push([name, event]) },
    });
    reporter.seen(new Map([['b', { incarnation: 'b1' }]]));
  });

  const moved = (changes: Partial<Moved> = {}) =>
    reporter.moved(
      { ...taken, ...changes },
      { view, doneAt: 1140 },
      { moved: (move) => recorded.push(move) },
    );

  test('is recorded by pool, in the time of the wall, with every step until the switch had it', () => {
    moved();
    expect(recorded).toMatchObject([
      {
        pool: 'default',
        poolId: 1,
        slots: [0, 5],
        from: 'b',
        to: 'a',
        startedAt: '2026-01-01T00:00:01.000Z',
        at: '2026-01-01T00:00:01.140Z',
        steps: { armed: 12, claimed: 18, probed: 120, opened: 140 },
        incident: { id: 'failover:b:b1', kind: 'failover', gateway: 'b' },
      },
      { pool: 'second', poolId: 2, slots: [7] },
    ]);
  });

  test('is an event of the gateway that took the slots, and a measurement of each step', async () => {
    moved();
    const message = 'took 3 slots of b in 0.14 s (holder-dead)';
    expect(told).toEqual([['a', { type: 'Normal', reason: 'SlotsTaken', message }]]);
    const text = await registry.metrics();
    expect(text).toContain('sluice_slot_move_step_seconds_sum{step="probed",why="holder-dead"} 0.12');
    expect(text).toContain('sluice_slot_moves_total{why="holder-dead"} 3');
  });

  test('that was planned says so once it is complete, on the gateway that gave the slots', () => {
    moved({ why: 'handed-over', from: 'a', to: 'b', steps: { retired: 5, 'handed-over': 9 } });
    expect(recorded[0]).toMatchObject({
      to: 'b',
      steps: { retired: 5, 'handed-over': 9 },
      incident: { kind: 'drain', gateway: 'a' },
    });
    expect(told).toEqual([]);
    const [{ incident } = {}] = recorded;
    if (incident === undefined) throw new Error('no incident');
    const times = { startedAt: '', at: '', totalMs: 2100 };
    reporter.completed({ ...incident, ...times, slots: 3, takenBy: { b: 2, c: 1 } });
    expect(told).toEqual([
      [
        'a',
        {
          type: 'Normal',
          reason: 'SlotsHandedOver',
          message: '3 slots went to b (2), c (1) in 2.10 s (drain)',
        },
      ],
    ]);
  });

  test('that somebody missed is an alarm', async () => {
    const lost = { id: 'failover:b:b1', kind: 'failover', gateway: 'b' } as const;
    reporter.unserved(lost, [1024]);
    reporter.findings([{ kind: 'map-differs', pool: 'default', slot: 0 }]);
    expect(told).toEqual([
      ['b', { type: 'Warning', reason: 'SlotsUnheld', message: 'left without a gateway: 1 slot' }],
    ]);
    const text = await registry.metrics();
    for (const kind of ['unserved', 'map-differs'])
      expect(text).toContain(`sluice_slot_alarms_total{kind="${kind}"} 1`);
  });
});
