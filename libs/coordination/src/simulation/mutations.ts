/**
 * Variants of the protocol that are broken on purpose, each with the faults that it was made against: the simulator must
 * find every one of them, or it finds nothing. Under the same seeds the sound rules must hold.
 */
import { type SlotTimes } from '../constants.js';
import { type SlotEffect } from '../protocol/effects.js';
import { type SlotEvent } from '../protocol/events.js';
import {
  aim,
  cutOffAtTheWrongMoment,
  deadWithoutBfd,
  drainOfFirst,
  drainWithoutProbes,
  fault,
  frozenWithout,
  stoppedAfterAsking,
  stoppedBefore,
  wiped,
} from './aim.js';
import { type ViolationKind } from './invariants.js';
import { type Random } from './random.js';
import { correct, type Rules } from './rules.js';
import { type Plan } from './schedule.js';

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
    plan: stoppedBefore('modify', [2500, 5500]),
  },
  'open without arming (arm)': {
    change: { neverArm: true, modifyInserts: true },
    kind: 'two-holders',
    plan: stoppedAfterAsking,
  },
  'an armed entry answers nobody (arm)': {
    change: { armedIsSilent: true },
    kind: 'two-holders',
    plan: stoppedAfterAsking,
  },
  'do not ask the wire': {
    change: hears((event) => {
      return event.type === 'probed' ? { ...event, answered: new Set(), control: true } : event;
    }),
    kind: 'two-holders',
    plan: deadWithoutBfd,
  },
  'carry on without an uplink (row 2)': {
    change: hears((event) => (event.type === 'health' ? { ...event, uplinkUp: true } : event)),
    kind: 'two-holders',
    plan: frozenWithout('uplink', [-1500, -900], [1500, 4000]),
  },
  'believe as long as the lease lasts (B <= L - M)': {
    change: times({ beliefMs: leaseMs }),
    kind: 'two-holders',
    plan: cutOffAtTheWrongMoment,
  },
  'stay when cut off from everything (row 8)': {
    change: hears((event) => (event.type === 'bfd' ? { ...event, shareUp: 1 } : event)),
    kind: 'two-holders',
    plan: cutOffAtTheWrongMoment,
  },
  'take over without a time of silence (S)': {
    change: times({ silenceMs: 0 }),
    kind: 'two-holders',
    plan: frozenWithout('uplink', [-150, 60], [120, 290]),
  },
  'wait shorter than a gate lasts (W)': {
    change: times({ ...longGate, goneMs: silenceMs }),
    base: times(longGate),
    kind: 'two-holders',
    plan: aim((random) => [
      fault('kill', random),
      { ...fault('uplink', random), forMs: random.between(1800, 4000) },
    ]),
  },
  'give back before closing': {
    change: { releaseFirst: true },
    kind: 'two-holders',
    plan: aim((random) => [{ ...fault('uplink', random), forMs: random.between(320, 700) }]),
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
    plan: wiped,
  },
  'close as soon as the store is silent (row 7)': {
    change: hears((event) => (event.type === 'bfd' ? { ...event, shareUp: 0 } : event)),
    kind: 'lost',
    plan: aim((random) => [fault('store-cut', random)]),
  },
  'count epochs from the stored one only': {
    change: { epochsFromZero: true },
    kind: 'epoch',
    plan: wiped,
  },
  'do not release after a close': {
    change: does((effect) => (effect.type === 'close' ? [{ ...effect, release: new Map() }] : [effect])),
    kind: 'unserved',
    plan: aim((random) => [fault('uplink', random)]),
  },
  'no fast path (row 9)': {
    change: hears((event) => {
      if (event.type !== 'bfd') return event;
      return { ...event, peers: new Map([...event.peers].map(([name]) => [name, true])) };
    }),
    kind: 'unserved',
    plan: aim((random) => [fault('node', random)]),
  },
  'extend too seldom': { change: times({ extendMs: 2 * gateMs }), kind: 'lost', plan: aim(() => []) },
  'answer while retiring': { change: { retiringAnswers: true }, kind: 'move-gap', plan: drainOfFirst },
};

export const mutations: readonly Mutation[] = Object.entries({ ...fences, ...rows }).map(
  ([name, { change, base, kind, plan }]) => {
    return { name, broken: { ...correct, ...change }, sound: { ...correct, ...base }, kind, plan };
  },
);
