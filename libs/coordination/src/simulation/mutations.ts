/**
 * Variants of the protocol that are broken on purpose, each with the faults that it was made against: the simulator must
 * find every one of them, or it finds nothing. Under the same seeds the sound rules must hold.
 */
import { type SlotTimes } from '../constants.js';
import { type SlotEffect } from '../protocol/effects.js';
import { type SlotEvent } from '../protocol/events.js';
import {
  type Aim,
  cutOffAtTheWrongMoment,
  deadWithoutBfd,
  deadWithoutUplink,
  forEver,
  frozenAndAsleep,
  frozenWithoutUplink,
  nothing,
  passing,
  sometime,
  stoppedAfterAsking,
  stoppedBefore,
  wiped,
} from './aim.js';
import { type ViolationKind } from './invariants.js';
import { type Random } from './random.js';
import { correct, type Rules } from './rules.js';
import { type Plan, settledAt } from './plan.js';

export interface Mutation {
  readonly name: string;
  readonly broken: Rules;
  /** The same without what was taken away. */
  readonly sound: Rules;
  /** What it must be caught by. */
  readonly kind: ViolationKind;
  readonly plan: (random: Random) => Plan;
}

interface Variant {
  readonly change: Partial<Rules>;
  readonly base?: Partial<Rules>;
  readonly kind: ViolationKind;
  readonly plan: (random: Random) => Plan;
}

/** Two gateways; both slots are first the first one's. */
const quiet: Plan = {
  gateways: ['a', 'b'],
  orders: [
    ['a', 'b'],
    ['a', 'b'],
  ],
  settings: { holdDownMs: 60_000, maxConcurrentMoves: 4, drainMs: 1000 },
  faults: [],
  drains: [],
  snapshotAt: settledAt,
  servicesApart: false,
};

const aim =
  (faults: Aim): Variant['plan'] =>
  (random) => ({ ...quiet, faults: faults(random) });

const drainOfFirst: Variant['plan'] = (random) => ({
  ...quiet,
  drains: [{ node: 0, at: sometime(random), forMs: 3000 }],
});

/** Without unicast probes only the order of the hand-over keeps one holder. */
const drainWithoutProbes: Variant['plan'] = (random) => ({
  ...drainOfFirst(random),
  faults: [{ kind: 'mute', pair: undefined, at: 0, forMs: Infinity }],
});

const times = (change: Partial<SlotTimes>): Partial<Rules> => ({ times: { ...correct.times, ...change } });

const hears = (event: (event: SlotEvent) => SlotEvent): Partial<Rules> => ({ event });

const does = (effect: (effect: SlotEffect) => readonly SlotEffect[]): Partial<Rules> => ({ effect });

const { leaseMs, silenceMs, gateMs } = correct.times;
/** A gate that outlives a fast and a slow takeover. */
const longGate = { gateMs: 5000, restartMs: 4700, goneMs: 10_400 };

const fences: Readonly<Record<string, Variant>> = {
  'open and extend by ADD (MODIFY)': {
    change: { modifyInserts: true },
    kind: 'two-holders',
    plan: aim(stoppedBefore('modify', [2500, 5500])),
  },
  'open without arming (arm)': {
    change: { neverArm: true, modifyInserts: true },
    kind: 'two-holders',
    plan: aim(stoppedAfterAsking),
  },
  'an armed entry answers nobody (arm)': {
    change: { armedIsSilent: true },
    kind: 'two-holders',
    plan: aim(stoppedAfterAsking),
  },
  'do not ask the wire': {
    change: hears((event) => {
      return event.type === 'probed' ? { ...event, answered: new Set(), control: true } : event;
    }),
    kind: 'two-holders',
    plan: aim(deadWithoutBfd),
  },
  'carry on without an uplink (row 2)': {
    change: hears((event) => (event.type === 'health' ? { ...event, uplinkUp: true } : event)),
    kind: 'two-holders',
    plan: aim(frozenWithoutUplink),
  },
  'believe as long as the lease lasts (B <= L - M)': {
    change: times({ beliefMs: leaseMs }),
    kind: 'two-holders',
    plan: aim(cutOffAtTheWrongMoment),
  },
  'stay when cut off from everything (row 8)': {
    change: hears((event) => (event.type === 'bfd' ? { ...event, shareUp: 1 } : event)),
    kind: 'two-holders',
    plan: aim(cutOffAtTheWrongMoment),
  },
  'take over without a time of silence (S)': {
    change: times({ silenceMs: 0 }),
    kind: 'two-holders',
    plan: aim(frozenAndAsleep),
  },
  'wait shorter than a gate lasts (W)': {
    change: times({ ...longGate, goneMs: silenceMs }),
    base: times(longGate),
    kind: 'two-holders',
    plan: aim(deadWithoutUplink),
  },
  'give back before closing': {
    change: { releaseFirst: true },
    kind: 'two-holders',
    plan: aim(passing('uplink', [320, 700])),
  },
  'hand over before retiring': {
    change: { handOverFirst: true },
    kind: 'two-holders',
    plan: drainWithoutProbes,
  },
};

const rows: Readonly<Record<string, Variant>> = {
  'drop what a wiped store has forgotten (row 4)': {
    change: does((effect) => {
      if (effect.type !== 'assert') return [effect];
      return [{ type: 'close', slots: [effect.slot], release: new Map() }];
    }),
    kind: 'lost',
    plan: aim(wiped),
  },
  'close as soon as the store is silent (row 7)': {
    change: hears((event) => (event.type === 'bfd' ? { ...event, shareUp: 0 } : event)),
    kind: 'lost',
    plan: aim(forEver('store-cut')),
  },
  'count epochs from the stored one only': {
    change: { epochsFromZero: true },
    kind: 'epoch',
    plan: aim(wiped),
  },
  'do not release after a close': {
    change: does((effect) => (effect.type === 'close' ? [{ ...effect, release: new Map() }] : [effect])),
    kind: 'unserved',
    plan: aim(forEver('uplink')),
  },
  'no fast path (row 9)': {
    change: hears((event) => {
      if (event.type !== 'bfd') return event;
      return { ...event, peers: new Map([...event.peers].map(([name]) => [name, true])) };
    }),
    kind: 'unserved',
    plan: aim(forEver('node')),
  },
  'extend too seldom': { change: times({ extendMs: 2 * gateMs }), kind: 'lost', plan: aim(nothing) },
  'answer while retiring': { change: { retiringAnswers: true }, kind: 'move-gap', plan: drainOfFirst },
};

export const mutations: readonly Mutation[] = Object.entries({ ...fences, ...rows }).map(
  ([name, { change, base, kind, plan }]) => {
    return { name, broken: { ...correct, ...change }, sound: { ...correct, ...base }, kind, plan };
  },
);
