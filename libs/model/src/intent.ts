/**
 * What one node must do, and for whom: the result of `resolve(world, node)` and the input of `compile`.
 * Plain data, no Kubernetes and no Open vSwitch in it. Every list is sorted by its key, so equal intents are deeply equal.
 */

/** Pool id (6 bits) and slot (10 bits): bits 10..15 and 0..9. */
export type GlobalSlot = number;

/** A Geneve peer of this node. */
export interface TunnelPeer {
  readonly nodeId: number;
  readonly nodeName: string;
  /** Underlay address of the peer, canonical text. */
  readonly address: string;
  readonly gateway: boolean;
  /** Between gateways, when it is known: by it one hears another announce what is its own. */
  readonly uplinkMac?: string;
}

/** What happens to packets of one address of a local Pod that leave the cluster. */
export type PodVerdict =
  | { readonly kind: 'direct' }
  /** Captured; `egressId` undefined means that the family has no address and is blocked. */
  | { readonly kind: 'capture'; readonly egressId?: number };

export interface LocalPod {
  /** namespace/name */
  readonly key: string;
  /** Canonical address. One entry per address. */
  readonly address: string;
  /**
   * Host-side interface that the Pod's packets come in by; part of the verdict's key when given. A Pod whose interface
   * must be known but is not yet is left out, and its packets are dropped until then.
   */
  readonly interface?: string;
  readonly verdict: PodVerdict;
}

export interface EgressRoute {
  readonly egressId: number;
  readonly slot: GlobalSlot;
  /** Node ids of the gateways that serve its connections: the holder of the slot, and the one before it while it drains. */
  readonly serving: readonly number[];
}

/** Gateways that may carry a slot, best first. */
export interface SlotOrder {
  readonly slot: GlobalSlot;
  readonly gateways: readonly number[];
}

export interface AgentIntent {
  /** CIDRs that keep their ordinary way. */
  readonly clusterCidrs: readonly string[];
  /** Pod CIDRs of this node. */
  readonly podCidrs: readonly string[];
  readonly pods: readonly LocalPod[];
  readonly egresses: readonly EgressRoute[];
  readonly slots: readonly SlotOrder[];
}

export interface Uplink {
  readonly interface: string;
  /** MAC of the NIC and of the bridge, lower case. */
  readonly mac: string;
  /** Addresses of the gateway itself on the uplink, with prefix length. */
  readonly addresses: readonly string[];
  /** Bytes. */
  readonly mtu: number;
}

/** How packets of one family leave with the addresses of a pool. */
export interface PoolWay {
  readonly poolId: number;
  /** The pool's addresses: CIDRs that no other way has, not necessarily inside `subnet`. */
  readonly sources: readonly string[];
  /** Destinations that are neighbours on the uplink. */
  readonly subnet: string;
  /** The router to all others. */
  readonly nextHop: string;
}

export interface HeldEgress {
  readonly egressId: number;
  readonly slot: GlobalSlot;
  /** At most one of each family, canonical. */
  readonly addresses: readonly string[];
  /** This gateway answers ARP and NDP for the addresses and carries their traffic. */
  readonly held: boolean;
}

export type TransportProtocol = 'TCP' | 'UDP' | 'SCTP';

/** A backend of a Service port. */
export interface ServiceEndpoint {
  /** 1..2^32-257, by address and port alone: the same on every gateway, whatever it has seen before. */
  readonly id: number;
  /** Canonical. */
  readonly address: string;
  readonly port: number;
  /** The node that it runs on: the tunnel that leads there. */
  readonly nodeId: number;
  /** Its share of new connections beside that of others, 1 to 1000; undefined: all have the same. */
  readonly weight?: number;
}

/** An address of a pool on which clients reach a Service port. */
export interface ServiceAddress {
  /** Canonical. */
  readonly address: string;
  readonly port: number;
  readonly slot: GlobalSlot;
}

/** One port of a Service in one family, as gateways serve it. */
export interface ServicePort {
  /** 1..65535, given out by the controller; both families of a port share it. */
  readonly serviceId: number;
  /** namespace/name:port, the port by name or number. */
  readonly key: string;
  readonly family: 4 | 6;
  readonly protocol: TransportProtocol;
  /** On the gateways' own addresses; undefined: not there. */
  readonly nodePort?: number;
  readonly addresses: readonly ServiceAddress[];
  /** Those that may get new connections, sorted by id. Without any, clients are refused. */
  readonly endpoints: readonly ServiceEndpoint[];
  /** Seconds for which a client keeps its endpoint; undefined: connections go by themselves. */
  readonly affinitySeconds?: number;
  /** CIDRs of the family whose clients may connect; undefined: all may. Empty: nobody. */
  readonly sources?: readonly string[];
  /** From how many connections of the Service on this gateway refuses new ones; undefined: never. */
  readonly maxConnections?: number;
  /** New clients are refused, whatever endpoints there are. */
  readonly refuses?: boolean;
}

/** A port on which load balancers in front of the gateways ask whether a Service has endpoints. */
export interface ServiceHealth {
  readonly port: number;
  readonly namespace: string;
  readonly name: string;
  /** Of its first family: those that get new connections. */
  readonly endpoints: number;
}

export interface GatewayIntent {
  readonly uplink: Uplink;
  readonly pools: readonly PoolWay[];
  /** All egresses of the pools that this gateway serves: SNAT is ready before the address is held. */
  readonly egresses: readonly HeldEgress[];
  /** Sorted by id and family. */
  readonly services: readonly ServicePort[];
  /** Sorted by port. */
  readonly healthChecks: readonly ServiceHealth[];
}

export interface Intent {
  readonly nodeId: number;
  readonly nodeName: string;
  /** Bytes; MTU of the underlay link that the tunnels use. */
  readonly underlayMtu: number;
  /** 4 or 6: outer family, which decides the tunnel overhead (50 or 70 bytes). */
  readonly underlayFamily: 4 | 6;
  readonly peers: readonly TunnelPeer[];
  readonly agent?: AgentIntent;
  readonly gateway?: GatewayIntent;
}
