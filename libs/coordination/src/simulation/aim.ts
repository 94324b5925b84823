/**
 * Pairs of faults that are aimed at one rule each: what this rule alone stands against, at the moment when it counts.
 * They hit the first gateway, and the times are those of short constants.
 */
import { type SlotEffect } from '../protocol/effects.js';
import { type Fault, type NodeFault, settledAt } from './plan.js';
import { type Random } from './random.js';
import { shortTimes } from './rules.js';

type Range = readonly [number, number];
export type Aim = (random: Random) => readonly Fault[];

const { leaseMs, goneMs, silenceMs } = shortTimes;

/** At any phase of the gateways' periods. */
export const sometime = (random: Random): number => settledAt + 100 + random.between(0, 300);

/** Of the first gateway, for ever. */
const fault = (kind: NodeFault, random: Random): Extract<Fault, { readonly kind: NodeFault }> => {
  return { kind, node: 0, at: sometime(random), forMs: Infinity, onStep: undefined };
};

export const nothing: Aim = () => [];

export const forEver =
  (kind: NodeFault): Aim =>
  (random) => [fault(kind, random)];

export const passing =
  (kind: NodeFault, forMs: Range): Aim =>
  (random) => [{ ...fault(kind, random), forMs: random.between(...forMs) }];

export const wiped: Aim = (random) => [{ kind: 'wipe', at: sometime(random), forMs: 0 }];

/** Between a decision and its message the process stands still. */
export const stoppedBefore =
  (onStep: SlotEffect['type'], forMs: Range): Aim =>
  (random) => [{ ...fault('pause', random), onStep, forMs: random.between(...forMs) }];

/** It has asked and is stopped before it opens; BFD to it is lost, and the next one takes over before its entry has run out. */
export const stoppedAfterAsking: Aim = (random) => [
  { ...fault('pause', random), at: 0, onStep: 'modify', forMs: random.between(780, 1060) },
  { kind: 'deaf', pair: [0, 1], at: leaseMs + random.between(100, 500), forMs: 3000 },
];

/** Its process is dead, and BFD says that the gateway is, which still forwards. */
export const deadWithoutBfd: Aim = (random) => [
  fault('kill', random),
  { kind: 'deaf', pair: [0, 1], at: sometime(random), forMs: 3000 },
];

/** Both networks of a gateway without its process: its gate answers again, should it last so long. */
export const deadWithoutUplink: Aim = (random) => [
  fault('kill', random),
  { ...fault('uplink', random), forMs: random.between(1800, 4000) },
];

/** Cut off from the store it stays, and W later the others look; something else happens then. */
export const frozenWithout =
  (kind: NodeFault, afterGone: Range, forMs: Range): Aim =>
  (random) => {
    const cut = fault('store-cut', random);
    const at = cut.at + leaseMs + goneMs + random.between(...afterGone);
    return [cut, { ...cut, kind, at, forMs: random.between(...forMs) }];
  };

export const frozenWithoutUplink = frozenWithout('uplink', [-1500, -900], [1500, 4000]);
export const frozenAndAsleep = frozenWithout('uplink', [-150, 60], [120, 290]);

/** Only row 13 stands against it. */
export const frozenWithoutProbes: Aim = (random) => {
  const cut = fault('store-cut', random);
  const at = cut.at + leaseMs + goneMs - silenceMs + random.between(-500, 500);
  return [cut, { kind: 'mute', pair: undefined, at, forMs: random.between(1500, 8000) }];
};

/** The underlay is cut, and the uplink is gone for the moment in which the next one asks. */
export const cutOffAtTheWrongMoment: Aim = (random) => {
  const cut = fault('underlay', random);
  const at = cut.at + leaseMs + random.between(-130, 30);
  return [cut, { ...cut, kind: 'uplink', at, forMs: random.between(120, 200) }];
};

/** Cut off from everything for longer than W, and then back: what it saw meanwhile was its own fault. */
export const backAfterLong: Aim = (random) => [
  { ...fault('underlay', random), forMs: leaseMs + goneMs + random.between(0, 3000) },
  { kind: 'mute', pair: undefined, at: sometime(random), forMs: Infinity },
];

/** Takeover by the cluster's map (row 12); then the store comes back. */
export const deadWithoutStore: Aim = (random) => {
  const node = fault('node', random);
  const back = random.pick(['kept', 'snapshot', 'wiped']);
  const at = node.at + random.between(-500, 500);
  return [
    { ...node, forMs: random.chance(0.5) ? Infinity : random.between(1500, 9000) },
    { kind: 'store-down', back, at, forMs: random.between(3000, 9000) },
  ];
};

/** Those that hold under the sound rules with any number of gateways, drains and moves. */
export const aims: readonly [Aim, ...Aim[]] = [
  stoppedBefore('modify', [2500, 5500]),
  stoppedAfterAsking,
  deadWithoutBfd,
  deadWithoutUplink,
  frozenWithoutUplink,
  frozenAndAsleep,
  frozenWithoutProbes,
  cutOffAtTheWrongMoment,
  backAfterLong,
  deadWithoutStore,
];
