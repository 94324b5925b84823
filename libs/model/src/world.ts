/**
 * The objects of the cluster as a process saw them last, and the facts that only the node itself knows: the input of
 * `resolve`. Plain lists; a process fills what its role watches and leaves the rest empty.
 */
import {
  type EgressAddress,
  type EgressGateway,
  type EgressPool,
  type EndpointSlice,
  type Lease,
  type Namespace,
  type Node,
  type Pod,
  type Service,
  type ServiceCIDR,
} from '@sluice/kube';
import { type Uplink } from './intent.js';

export interface World {
  readonly nodes: readonly Node[];
  readonly namespaces: readonly Namespace[];
  /** Agents: the Pods of their own node. */
  readonly pods: readonly Pod[];
  readonly serviceCidrs: readonly ServiceCIDR[];
  /** Gateways: all that they may serve. Controller: all, for their ids. Agents: none. */
  readonly services: readonly Service[];
  /** Agents: where the API server and the cluster's DNS are, which may be no nodes. Gateways: those of all Services. */
  readonly endpointSlices: readonly EndpointSlice[];
  readonly pools: readonly EgressPool[];
  readonly addresses: readonly EgressAddress[];
  readonly gateways: readonly EgressGateway[];
  /** Controller only: the Leases that gateways renew, in sluice-system. */
  readonly leases: readonly Lease[];
}

export interface NodeFacts {
  readonly nodeName: string;
  readonly roles: { readonly agent: boolean; readonly gateway: boolean };
  /** Bytes; MTU of the underlay link. */
  readonly underlayMtu: number;
  /** Outer family of the tunnels. */
  readonly underlayFamily: 4 | 6;
  /** Gateways only, once the uplink was found. */
  readonly uplink?: Uplink;
  /** Configured CIDRs that keep their ordinary way, beside those that the cluster's objects name. */
  readonly clusterCidrs: readonly string[];
  /**
   * Host-side interface by Pod address (canonical text), from the node's routes. A local Pod address that is missing is
   * left out of the intent: its packets are dropped until its interface is known.
   */
  readonly podInterfaces: ReadonlyMap<string, string>;
}
