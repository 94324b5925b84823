/** Schedules that are aimed at one rule: two gateways, and the faults that this rule alone stands against. */
import { type SlotEffect } from '../protocol/effects.js';
import { type Random } from './random.js';
import { correct } from './rules.js';
import { type Fault, type NodeFault, type Plan, settledAt } from './schedule.js';

type Range = readonly [number, number];
type Aimed = (random: Random) => Plan;

const { leaseMs, goneMs } = correct.times;

/** Both slots are first the first gateway's, which most faults hit. */
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
};

export const aim =
  (faults: (random: Random) => readonly Fault[]): Aimed =>
  (random) => ({ ...quiet, faults: faults(random) });

/** At any phase of the gateways' periods. */
const sometime = (random: Random): number => settledAt + 100 + random.between(0, 300);

/** Of the first gateway, for ever. */
export function fault(kind: NodeFault, random: Random): Extract<Fault, { readonly kind: NodeFault }> {
  return { kind, node: 0, at: sometime(random), forMs: Infinity, onStep: undefined };
}

export const wiped: Aimed = aim((random) => [{ kind: 'wipe', at: sometime(random), forMs: 0 }]);

/** Its process is dead, and BFD says that the gateway is, which still forwards. */
export const deadWithoutBfd: Aimed = aim((random) => [
  fault('kill', random),
  { kind: 'deaf', pair: [0, 1], at: sometime(random), forMs: 3000 },
]);

/** Between a decision and its message the process stands still. */
export const stoppedBefore = (onStep: SlotEffect['type'], forMs: Range): Aimed =>
  aim((random) => [{ ...fault('pause', random), onStep, forMs: random.between(...forMs) }]);

/**
 * The first gateway has asked and is stopped before it opens; BFD to it is lost, and the other one takes over before its
 * entry has run out.
 */
export const stoppedAfterAsking: Aimed = aim((random) => [
  { ...fault('pause', random), at: 0, onStep: 'modify', forMs: random.between(780, 1060) },
  { kind: 'deaf', pair: [0, 1], at: leaseMs + random.between(100, 500), forMs: 3000 },
]);

/** Cut off from the store the first gateway stays, and W later the other one looks; something else happens then. */
export const frozenWithout = (kind: NodeFault, afterGone: Range, forMs: Range): Aimed =>
  aim((random) => {
    const cut = fault('store-cut', random);
    const at = cut.at + leaseMs + goneMs + random.between(...afterGone);
    return [cut, { ...cut, kind, at, forMs: random.between(...forMs) }];
  });

/** The underlay is cut, and the uplink is gone for the moment in which the other gateway asks. */
export const cutOffAtTheWrongMoment: Aimed = aim((random) => {
  const cut = fault('underlay', random);
  const at = cut.at + leaseMs + random.between(-130, 30);
  return [cut, { ...cut, kind: 'uplink', at, forMs: random.between(120, 200) }];
});

export const drainOfFirst: Aimed = (random) => ({
  ...quiet,
  drains: [{ node: 0, at: sometime(random), forMs: 3000 }],
});

/** Unicast probes are lost all the time, and only the order of the hand-over keeps one holder. */
export const drainWithoutProbes: Aimed = (random) => ({
  ...drainOfFirst(random),
  faults: [{ kind: 'mute', pair: undefined, at: 0, forMs: Infinity }],
});
