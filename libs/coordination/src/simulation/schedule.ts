/** Makes the plan of a run from its seed. */
import { type SlotEffect } from '../protocol/effects.js';
import { aims } from './aim.js';
import { type Drain, type Fault, type NodeFault, type Plan, settledAt } from './plan.js';
import { type Random } from './random.js';

const nodeFaults: readonly [NodeFault, ...NodeFault[]] = [
  'pause',
  'pause',
  'kill',
  'node',
  'switch',
  'uplink',
  'uplink',
  'underlay',
  'underlay',
  'store-cut',
  'map-cut',
  'slow-store',
];

const steps: readonly [SlotEffect['type'], ...SlotEffect['type'][]] = [
  'modify',
  'arm',
  'claim',
  'probe',
  'close',
  'assert',
  'retire',
  'hand-over',
  'modify',
  'claim-in-map',
];

/** No machine is back sooner. */
const rebootMs = 1500;

/** As often short as long, and some for ever. */
const duration = (random: Random, forever: number): number =>
  random.chance(forever) ? Infinity : random.logBetween(30, 6000);

function fault(random: Random, at: number, gateways: number): Fault {
  const dice = random.next();
  if (dice < 0.14) {
    const first = random.below(gateways);
    const second = (first + 1 + random.below(gateways - 1)) % gateways;
    const pair = random.chance(0.5) ? ([first, second] as const) : undefined;
    const kind = dice < 0.08 ? 'deaf' : 'mute';
    return { kind, at, forMs: duration(random, kind === 'deaf' ? 0 : 0.2), pair };
  }
  if (dice < 0.26) {
    const back = random.pick(['kept', 'snapshot', 'wiped']);
    return { kind: 'store-down', at, forMs: duration(random, 0.1), back };
  }
  if (dice < 0.31) return { kind: 'wipe', at, forMs: 0 };
  const kind = random.pick(nodeFaults);
  const forever = kind === 'kill' || kind === 'node' ? 0.4 : 0.15;
  const forMs = duration(random, forever) + (kind === 'node' ? rebootMs : 0);
  const onStep = random.chance(0.5) ? random.pick(steps) : undefined;
  // The gateway that most is kept on comes first in the orders.
  const node = random.chance(0.6) ? 0 : random.below(gateways);
  return { kind, at, forMs, node, onStep };
}

/** How many schedules are aimed: at what chance hardly ever brings together. */
const aimedShare = 0.15;

/** The second one is often near the first, or near its end. */
function faults(random: Random, gateways: number): readonly Fault[] {
  if (random.chance(aimedShare)) return random.pick(aims)(random);
  const count = random.pick([0, 1, 2, 2, 2, 2, 2, 2]);
  if (count === 0) return [];
  const first = fault(random, settledAt + random.between(0, 1000), gateways);
  if (count === 1) return [first];
  const end = Number.isFinite(first.forMs) ? first.at + first.forMs : first.at;
  const from = random.chance(0.25) ? end : first.at;
  const second = fault(
    random,
    from + (random.chance(0.5) ? random.between(-50, 900) : random.between(0, 5000)),
    gateways,
  );
  return [first, second];
}

export function planOf(random: Random): Plan {
  const gateways = ['a', 'b', 'c', 'd'].slice(0, random.pick([2, 2, 3, 3, 3, 4]));
  const orders = Array.from({ length: 1 + random.below(3) }, (_, slot) => {
    return slot === 0 ? gateways : random.shuffled(gateways);
  });
  const drains: Drain[] = [];
  if (random.chance(0.3)) {
    const at = settledAt + random.between(0, 2500);
    drains.push({ node: random.below(gateways.length), at, forMs: random.logBetween(200, 5000) });
  }
  return {
    gateways,
    orders,
    settings: {
      holdDownMs: random.chance(0.3) ? random.between(300, 2000) : 60_000,
      maxConcurrentMoves: 1 + random.below(4),
      drainMs: random.logBetween(200, 4000),
    },
    faults: faults(random, gateways.length),
    drains,
    snapshotAt: settledAt + random.between(-500, 1000),
    servicesApart: random.chance(0.5),
  };
}
