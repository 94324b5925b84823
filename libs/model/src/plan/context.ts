/** What a plan depends on beside the world. */
import { type RestingId } from '../cluster-plan.js';

export interface PlanContext {
  /** Unix milliseconds, and the same as RFC 3339 in seconds. */
  readonly nowMs: number;
  readonly nowIso: string;
  readonly resting: readonly RestingId[];
  /** Uplink of gateways whose node does not name one. */
  readonly defaultUplinkInterface: string;
  /** `recorded`: gateways take slots by themselves and write who holds them; `assigned`: the plan says who holds them. */
  readonly holders: 'recorded' | 'assigned';
  /** Whether a LoadBalancer Service without `loadBalancerClass` gets its addresses from pools. */
  readonly defaultLoadBalancer: boolean;
  /** After so long without renewal a gateway is Lost. */
  readonly leaseSeconds: number;
}
