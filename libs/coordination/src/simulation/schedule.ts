/** What happens to the gateways in one run: made from the seed, at most two faults, and planned moves beside them. */
import { type SlotEffect } from '../protocol/effects.js';
import { type GatewayName } from '../store.js';
import { type Random } from './random.js';

export type NodeFault =
  /** The process stands still, and goes on. */
  | 'pause'
  /** The process dies, and is started again. */
  | 'kill'
  | 'node'
  | 'switch'
  | 'uplink'
  | 'underlay'
  | 'store-cut'
  | 'map-cut'
  /** Messages to and from the store are late or lost. */
  | 'slow-store';

interface Timing {
  /** True time; with `onStep`, the first such step of the gateway's process after it. */
  readonly at: number;
  /** Infinity: it stays. */
  readonly forMs: number;
}

export type Fault =
  | (Timing & {
      readonly kind: NodeFault;
      readonly node: number;
      readonly onStep: SlotEffect['type'] | undefined;
    })
  /**
   * Between two, or everywhere. `deaf`: BFD is lost while the underlay works. `mute`: unicast probes are lost while
   * routers answer and announcements arrive.
   */
  | (Timing & { readonly kind: 'deaf' | 'mute'; readonly pair: readonly [number, number] | undefined })
  | (Timing & { readonly kind: 'store-down'; readonly back: 'kept' | 'snapshot' | 'wiped' })
  | (Timing & { readonly kind: 'wipe' });

export interface Drain extends Timing {
  readonly node: number;
}

export interface Plan {
  readonly gateways: readonly GatewayName[];
  /** By slot. */
  readonly orders: readonly (readonly GatewayName[])[];
  readonly settings: {
    readonly holdDownMs: number;
    readonly maxConcurrentMoves: number;
    readonly drainMs: number;
  };
  readonly faults: readonly Fault[];
  readonly drains: readonly Drain[];
  readonly snapshotAt: number;
}

/** Until everybody has what it shall have. */
export const settledAt = 1500;

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

/** The second one is often near the first, or near its end. */
function faults(random: Random, gateways: number): readonly Fault[] {
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
  };
}
