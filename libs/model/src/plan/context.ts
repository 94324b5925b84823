/** What a plan depends on beside the world. */
import { type RestingId } from '../cluster-plan.js';

/** Where an address was until it was released. */
export interface FormerSlot {
  readonly pool: string;
  readonly slot: number;
}

export interface PlanContext {
  /** Unix milliseconds, and the same as RFC 3339 in seconds. */
  readonly nowMs: number;
  readonly nowIso: string;
  readonly resting: readonly RestingId[];
  /** Of addresses that were released a moment ago, by address. */
  readonly formerSlots: ReadonlyMap<string, FormerSlot>;
  /** Uplink of gateways whose node does not name one. */
  readonly defaultUplinkInterface: string;
  /** `recorded`: gateways take slots by themselves and write who holds them; `assigned`: the plan says who holds them. */
  readonly holders: 'recorded' | 'assigned';
  /** Whether a LoadBalancer Service without `loadBalancerClass` gets its addresses from pools. */
  readonly defaultLoadBalancer: boolean;
  /** After so long without renewal a gateway is Lost. */
  readonly leaseSeconds: number;
}
