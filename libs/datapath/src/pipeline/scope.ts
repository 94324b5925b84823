/**
 * What the flows of one unit are made from. Each kind of source object has its scope: everything that its flows depend
 * on and nothing else, so that equal scopes mean equal flows. Addresses are canonical text: cheap to compare.
 */
import { type Family } from '@sluice/core';
import { type GlobalSlot, type PoolWay, type ServicePort, type TunnelPeer, type Uplink } from '@sluice/model';
import { type DatapathConfig } from '../config.js';

/** The node itself, whatever its objects. */
export interface NodeScope {
  readonly nodeId: number;
  readonly agent: boolean;
  readonly gateway: boolean;
  /** Bytes of an inner IP packet that fits the tunnel. */
  readonly innerMtu: number;
  readonly underlayFamily: Family;
  readonly uplink: Uplink | undefined;
  readonly config: DatapathConfig;
}

/** A gateway as an agent sees it. `port` is what its liveness is read from. */
export interface GatewayScope {
  readonly nodeId: number;
  readonly port: number;
}

export interface PodScope {
  readonly key: string;
  readonly address: string;
  readonly interface: string | undefined;
  readonly captured: boolean;
  /** Undefined: direct, or captured and blocked. */
  readonly egress: { readonly egressId: number; readonly slot: GlobalSlot } | undefined;
}

export interface RouteScope {
  readonly egressId: number;
  readonly slot: GlobalSlot;
  /** Node ids of the gateways that a connection may be pinned to. */
  readonly serving: readonly number[];
}

export interface SlotScope {
  readonly slot: GlobalSlot;
  readonly gateways: readonly GatewayScope[];
}

/** All gateways that an agent knows, for the groups that do not ask for a slot. */
export interface FleetScope {
  readonly gateways: readonly GatewayScope[];
}

export interface EgressScope {
  readonly egressId: number;
  readonly slot: GlobalSlot;
  readonly addresses: readonly string[];
  readonly zone: number;
}

/** An address that this gateway holds or may come to hold. */
export interface AddressScope {
  readonly address: string;
  readonly slot: GlobalSlot;
}

/** How the gateway's own host finds such an address: apart, for it is all that changes when thousands move at once. */
export interface NeighbourScope {
  readonly address: string;
  readonly uplinkMac: string;
  /** By the cluster's last word; the gate decides about all other traffic. */
  readonly held: boolean;
}

export type PoolScope = PoolWay;

export type PeerScope = TunnelPeer;

/** A port of a Service in one family. */
export interface ServiceScope {
  readonly service: ServicePort;
  /** Addresses of the gateway itself, of the family: node ports are there. */
  readonly hostAddresses: readonly string[];
  readonly zone: number;
}

/** Kind of unit → its scope. */
export interface Scopes {
  readonly node: NodeScope;
  readonly peer: PeerScope;
  readonly gateway: GatewayScope;
  readonly pod: PodScope;
  readonly route: RouteScope;
  readonly pool: PoolScope;
  readonly egress: EgressScope;
  readonly address: AddressScope;
  readonly service: ServiceScope;
}
export type FlowUnitKind = keyof Scopes;
