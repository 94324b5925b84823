/** What happens to the gateways in one run: at most two faults, and planned moves beside them. */
import { type SlotEffect } from '../protocol/effects.js';
import { type GatewayName } from '../store.js';

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
  /** Store and map are reached by another network than the underlay. */
  readonly servicesApart: boolean;
}

/** Until everybody has what it shall have. */
export const settledAt = 1500;
