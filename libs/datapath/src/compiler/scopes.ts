/**
 * Splits an intent into the scopes of its units. Only here is it decided what a unit depends on; an object that
 * references something unknown (an egress without a slot, a gateway without a tunnel) gets no flows: fail closed. Those of
 * what a gateway has by the thousand: gateway-scopes.ts.
 */
import { parseIp } from '@sluice/core';
import { type GlobalSlot, type Intent, type LocalPod } from '@sluice/model';
import { type DatapathConfig } from '../config.js';
import { ofports, tunnelPort } from '../layout/ids.js';
import {
  type FleetScope,
  type GatewayScope,
  type NodeScope,
  type PeerScope,
  type PodScope,
  type PoolScope,
  type RouteScope,
  type SlotScope,
} from '../pipeline/scope.js';
import { type AgentNets } from '../host/agent-nft.js';
import { type Keyed } from './scope-memo.js';

/** Outer headers of Geneve: Ethernet 14, Geneve 8, UDP 8, and IPv4 20 or IPv6 40. */
const tunnelOverhead = { 4: 50, 6: 70 } as const;

export interface BaseScope extends NodeScope {
  readonly nets: AgentNets | undefined;
}

export const baseScope = (intent: Intent, config: DatapathConfig): BaseScope => ({
  nodeId: intent.nodeId,
  agent: intent.agent !== undefined,
  gateway: intent.gateway !== undefined,
  innerMtu: intent.underlayMtu - tunnelOverhead[intent.underlayFamily],
  underlayFamily: intent.underlayFamily,
  uplink: intent.gateway?.uplink,
  config,
  nets: intent.agent && { clusterCidrs: intent.agent.clusterCidrs, podCidrs: intent.agent.podCidrs },
});

export const peerScopes = ({ peers }: Intent): Keyed<PeerScope> =>
  peers.map((peer) => [`peer/${String(peer.nodeId)}`, peer]);

/** Gateways that an agent can reach, itself included; sorted by id. Itself it reaches as long as sluice0 is there. */
export function knownGateways(intent: Intent): GatewayScope[] {
  if (intent.agent === undefined) return [];
  const others = intent.peers
    .filter(({ gateway }) => gateway)
    .map(({ nodeId }) => ({ nodeId, port: tunnelPort(nodeId) }));
  const self = intent.gateway ? [{ nodeId: intent.nodeId, port: ofports.sluice0 }] : [];
  return [...others, ...self].toSorted((a, b) => a.nodeId - b.nodeId);
}

export const fleetScopes = (intent: Intent): Keyed<FleetScope> =>
  intent.agent === undefined ? [] : [['fleet', { gateways: knownGateways(intent) }]];

export const gatewayScopes = (intent: Intent): Keyed<GatewayScope> =>
  knownGateways(intent).map((gateway) => [`gateway/${String(gateway.nodeId)}`, gateway]);

export function slotScopes(intent: Intent): Keyed<SlotScope> {
  const byId = new Map(knownGateways(intent).map((gateway) => [gateway.nodeId, gateway]));
  return (intent.agent?.slots ?? []).map(({ slot, gateways }) => [
    `slot/${String(slot)}`,
    { slot, gateways: gateways.flatMap((nodeId) => byId.get(nodeId) ?? []) },
  ]);
}

const slotsWithGroup = (intent: Intent): ReadonlySet<GlobalSlot> =>
  new Set(intent.agent?.slots.map(({ slot }) => slot));

export function routeScopes(intent: Intent): Keyed<RouteScope> {
  const slots = slotsWithGroup(intent);
  const known = new Set(knownGateways(intent).map(({ nodeId }) => nodeId));
  return (intent.agent?.egresses ?? [])
    .filter(({ slot }) => slots.has(slot))
    .map((route) => {
      const serving = route.serving.filter((nodeId) => known.has(nodeId));
      return [`route/${String(route.egressId)}`, { ...route, serving }];
    });
}

/** Addresses that two Pods of the intent claim: whose packets they are is not known, so they are dropped. */
function ambiguous(pods: readonly LocalPod[]): ReadonlySet<string> {
  const owners = new Map<string, string>();
  const twice = new Set<string>();
  for (const { address, key } of pods) {
    if (owners.has(address) && owners.get(address) !== key) twice.add(address);
    owners.set(address, key);
  }
  return twice;
}

export function podScopes(intent: Intent): Keyed<PodScope> {
  const pods = intent.agent?.pods ?? [];
  const routes = new Map(routeScopes(intent).map(([, route]) => [route.egressId, route]));
  const unclear = ambiguous(pods);
  return pods
    .filter(({ address }) => !unclear.has(address))
    .map((pod) => [`pod/${pod.address}`, podScope(pod, routes)]);
}

function podScope(pod: LocalPod, routes: ReadonlyMap<number, RouteScope>): PodScope {
  const { verdict } = pod;
  const captured = verdict.kind === 'capture';
  const route = captured && verdict.egressId !== undefined ? routes.get(verdict.egressId) : undefined;
  return {
    key: pod.key,
    address: pod.address,
    interface: pod.interface,
    captured,
    egress: route && { egressId: route.egressId, slot: route.slot },
  };
}

/** One unit for each family of a pool. */
export const poolScopes = ({ gateway }: Intent): Keyed<PoolScope> =>
  (gateway?.pools ?? []).map((pool) => [
    `pool/${String(pool.poolId)}/${String(parseIp(pool.nextHop).family)}`,
    pool,
  ]);
