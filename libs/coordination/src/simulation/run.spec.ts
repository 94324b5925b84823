import { describe, expect, test } from '@jest/globals';
import { slotTimes } from '../constants.js';
import { checkTimes } from '../inequalities.js';
import { runSeed } from './run.js';
import { correct, shortTimes } from './rules.js';
import { type Fault, type NodeFault, type Plan } from './plan.js';
import { Trace } from './trace.js';

const real = { ...correct, times: slotTimes };

const quiet: Plan = {
  gateways: ['a', 'b', 'c'],
  orders: [
    ['a', 'b', 'c'],
    ['a', 'c', 'b'],
  ],
  settings: { holdDownMs: 60_000, maxConcurrentMoves: 4, drainMs: 3000 },
  faults: [],
  drains: [],
  snapshotAt: 1000,
  servicesApart: false,
};

const ofA = (kind: NodeFault, forMs = Infinity, at = 3000): Extract<Fault, { readonly kind: NodeFault }> => {
  return { kind, node: 0, at, forMs, onStep: undefined };
};

const drainOfA = { node: 0, at: 3000, forMs: 30_000 };

/** The worst of many runs that differ in clocks, delays and lateness. */
function worst(change: Partial<Plan>, rules = real): number {
  const plan = { ...quiet, ...change };
  return Math.max(
    ...Array.from({ length: 24 }, (_, seed) => {
      // The same faults at another phase of the processes.
      const faults = plan.faults.map((fault) => ({ ...fault, at: fault.at + seed * 31 }));
      const { violation, longestGap } = runSeed(seed, { rules, plan: () => ({ ...plan, faults }) });
      expect(violation).toBeUndefined();
      return longestGap;
    }),
  );
}

test('the short constants keep the inequalities', () => {
  expect(() => checkTimes(shortTimes)).not.toThrow();
});

test('a seed gives the same run every time, as text, too', () => {
  const lines = [1, 2].map(() => {
    const trace = new Trace();
    runSeed(4711, { trace });
    return trace.lines;
  });
  expect(lines[0]).toEqual(lines[1]);
  expect(lines[0]?.length).toBeGreaterThan(50);
});

test('the first seeds keep every invariant', () => {
  const failed = Array.from({ length: 500 }, (_, at) => runSeed(at + 1)).filter(({ violation }) => violation);
  expect(failed).toEqual([]);
});

test('seeds keep every invariant with the constants that are delivered', () => {
  const failed = Array.from({ length: 100 }, (_, at) => runSeed(at + 1, { rules: real })).filter(
    ({ violation }) => violation,
  );
  expect(failed).toEqual([]);
});

describe('bounds, with the constants that are delivered (milliseconds)', () => {
  const { goneMs, leaseMs, gateMs, extendMs, uplinkMs, restartMs, silenceMs } = slotTimes;
  const bounds: readonly (readonly [string, Fault, number])[] = [
    ['a node dies', ofA('node'), 1000],
    ['ovs-vswitchd dies', ofA('switch'), 700],
    ['the uplink is dead behind the switch', ofA('uplink'), uplinkMs + 500],
    ['the underlay is cut', ofA('underlay'), 1000],
    ['a process dies and stays dead', ofA('kill'), goneMs + leaseMs - (gateMs - extendMs) + 600],
    ['a process hangs', ofA('pause'), goneMs + leaseMs - (gateMs - extendMs) + 600],
    ['a process is restarted in time', ofA('kill', restartMs - 300), 0],
    ['a process hangs for a short time', ofA('pause', restartMs - 300), 0],
    ['the holder is cut off from the store', ofA('store-cut', 20_000), 0],
    ['the holder is cut off from the API server', ofA('map-cut', 20_000), 0],
    ['the store is down', { kind: 'store-down', back: 'kept', at: 3000, forMs: 15_000 }, 0],
    ['the store comes back empty', { kind: 'store-down', back: 'wiped', at: 3000, forMs: 15_000 }, 0],
    [
      'the store comes back from a snapshot',
      { kind: 'store-down', back: 'snapshot', at: 3000, forMs: 2000 },
      0,
    ],
    ['the store is wiped', { kind: 'wipe', at: 3000, forMs: 0 }, 0],
    ['BFD is lost between two', { kind: 'deaf', pair: [0, 1], at: 3000, forMs: 5000 }, 0],
    // A takeover, by one that notices it later: nothing comes through the tunnels either (ADR 17).
    ['BFD is lost everywhere', { kind: 'deaf', pair: undefined, at: 3000, forMs: 5000 }, 1000],
  ];
  test.each(bounds)('%s', (_, fault, bound) => {
    expect(worst({ faults: [fault] })).toBeLessThanOrEqual(bound);
  });

  test('a node dies while the store is down', () => {
    const faults: Fault[] = [ofA('node'), { kind: 'store-down', back: 'kept', at: 2500, forMs: Infinity }];
    expect(worst({ faults })).toBeLessThanOrEqual(goneMs + silenceMs);
  });

  test('a node that comes back gets its slots without a gap of its own', () => {
    const settings = { ...quiet.settings, holdDownMs: 2000 };
    expect(worst({ settings, faults: [ofA('node', 4000)] })).toBeLessThanOrEqual(1000);
  });

  test('the underlay is cut, and the store is reached by another network', () => {
    expect(worst({ faults: [ofA('underlay')], servicesApart: true })).toBeLessThanOrEqual(1000);
  });

  test('a drain leaves no gap', () => {
    expect(worst({ drains: [drainOfA] })).toBe(0);
  });
});

describe('what the simulator has found', () => {
  const plan = { drains: [drainOfA] };
  const soonAfterTheHandOver = (kind: NodeFault): Fault => ({
    kind,
    node: 1,
    at: 3100,
    forMs: Infinity,
    onStep: undefined,
  });

  test('a successor that dies within the drain timeout gives the slot back to the one that left', () => {
    const pair = { ...plan, gateways: ['a', 'b'], orders: [['a', 'b']] };
    expect(worst({ ...pair, faults: [soonAfterTheHandOver('node')] })).toBeLessThanOrEqual(1000);
  });

  test('a successor that loses its uplink while a slot is handed to it gives it back', () => {
    expect(worst({ ...plan, faults: [soonAfterTheHandOver('uplink')] })).toBeLessThanOrEqual(1500);
  });

  test('a gateway that was cut off from everything does not take by the map what the others carry', () => {
    const forMs = slotTimes.goneMs + 2000;
    const faults: Fault[] = [
      { kind: 'mute', pair: undefined, at: 3000, forMs: Infinity },
      { ...ofA('underlay', forMs), node: 1 },
    ];
    expect(worst({ gateways: ['a', 'b'], orders: [['a', 'b']], faults })).toBe(0);
  });

  test('every takeover is in the map before its second announcement, however many there are', () => {
    const plan: Plan = {
      ...quiet,
      gateways: ['a', 'b'],
      orders: [
        ['a', 'b'],
        ['b', 'a'],
      ],
      faults: [ofA('store-cut', Infinity, 1600), { kind: 'mute', pair: undefined, at: 3700, forMs: 1800 }],
      drains: [{ node: 1, at: 1550, forMs: 200 }],
    };
    for (let seed = 1; seed <= 40; seed++) {
      const { violation } = runSeed(seed, { plan: () => plan });
      expect(violation).toBeUndefined();
    }
  });
});
