/** From the scope of a unit to its state. */
import { parseIp } from '@sluice/core';
import { type DesiredBridge, type DesiredHost, type DesiredPort } from '../desired.js';
import { agentHost } from '../host/agent-host.js';
import { agentTable, podElement } from '../host/agent-nft.js';
import { addressNeighbours, gatewayHost, poolRouting } from '../host/gateway-host.js';
import { gatewayTable } from '../host/gateway-nft.js';
import { addressObject, objectHash } from '../layout/cookies.js';
import {
  bridgeName,
  macs,
  ofports,
  podPortName,
  slowPortName,
  tunnelName,
  tunnelPort,
} from '../layout/ids.js';
import { missFlows, unitFlows } from '../pipeline/registry.js';
import {
  type AddressScope,
  type EgressScope,
  type FleetScope,
  type GatewayScope,
  type NeighbourScope,
  type PeerScope,
  type PodScope,
  type PoolScope,
  type RouteScope,
  type ServiceScope,
  type SlotScope,
} from '../pipeline/scope.js';
import { type DatapathConfig } from '../config.js';
import { fleetGroups, pinnedGroup, slotGroup } from './groups.js';
import { type BaseScope } from './scopes.js';
import { serviceShards } from '../pipeline/service-shards.js';
import { type UnitState, unitState } from './unit.js';

const podPort = (innerMtu: number): DesiredPort => ({
  kind: 'internal',
  name: podPortName,
  ofport: ofports.sluice0,
  mac: macs.host,
  mtu: innerMtu,
});

/** The slow port has the uplink's MTU: Open vSwitch would give it the smallest of the bridge, sluice0's. */
function bridge({ agent, innerMtu, uplink }: BaseScope): DesiredBridge {
  const ports = agent ? [podPort(innerMtu)] : [];
  if (uplink === undefined) return { name: bridgeName, ports };
  return {
    name: bridgeName,
    mac: uplink.mac,
    localMtu: uplink.mtu,
    ports: [
      ...ports,
      { kind: 'nic', name: uplink.interface, ofport: ofports.uplink },
      {
        kind: 'internal',
        name: slowPortName,
        ofport: ofports.slowPort,
        mac: macs.host,
        mtu: uplink.mtu,
      },
    ],
  };
}

function host({ nets, uplink, innerMtu, config }: BaseScope): DesiredHost {
  const agent = nets && agentHost(config);
  const gateway = uplink && gatewayHost(config, innerMtu, uplink.addresses);
  const sides = [agent, gateway].filter((side) => side !== undefined);
  const sysctls = new Map(sides.flatMap((side) => side.sysctls).map((entry) => [entry.key, entry]));
  return {
    sysctls: [...sysctls.values()],
    addresses: sides.flatMap(({ addresses }) => addresses),
    routes: sides.flatMap(({ routes }) => routes),
    rules: sides.flatMap(({ rules }) => rules),
    neighbours: sides.flatMap(({ neighbours }) => neighbours),
    nft: [...(nets ? [agentTable(nets, config, innerMtu)] : []), ...(uplink ? [gatewayTable(config)] : [])],
  };
}

export const nodeUnit = (scope: BaseScope): UnitState => {
  const object = BigInt(scope.nodeId);
  return unitState({
    flows: [...unitFlows('node', scope, object), ...missFlows(scope)],
    base: { bridge: bridge(scope), host: host(scope) },
  });
};

export const peerUnit =
  ({ bfd }: DatapathConfig) =>
  (peer: PeerScope): UnitState =>
    unitState({
      flows: unitFlows('peer', peer, BigInt(peer.nodeId)),
      ports: [
        {
          kind: 'geneve',
          name: tunnelName(peer.nodeId),
          ofport: tunnelPort(peer.nodeId),
          remoteAddress: peer.address,
          bfd,
        },
      ],
    });

export const fleetUnit = (scope: FleetScope): UnitState => unitState({ groups: fleetGroups(scope) });

export const gatewayUnit = (scope: GatewayScope): UnitState =>
  unitState({
    flows: unitFlows('gateway', scope, BigInt(scope.nodeId)),
    groups: [pinnedGroup(scope)],
  });

export const slotUnit = (scope: SlotScope): UnitState => unitState({ groups: [slotGroup(scope)] });

export const routeUnit = (scope: RouteScope): UnitState =>
  unitState({ flows: unitFlows('route', scope, BigInt(scope.egressId)) });

export const podUnit = (scope: PodScope): UnitState =>
  unitState({
    flows: unitFlows('pod', scope, objectHash(scope.key)),
    elements: [podElement(scope)],
  });

export const poolUnit =
  (config: DatapathConfig) =>
  (scope: PoolScope): UnitState =>
    unitState({
      flows: unitFlows('pool', scope, BigInt(scope.poolId)),
      ...poolRouting(scope, config),
    });

export const egressUnit = (scope: EgressScope): UnitState =>
  unitState({ flows: unitFlows('egress', scope, BigInt(scope.egressId)) });

/** Both families of a port have its id. */
export const serviceUnit = (scope: ServiceScope): UnitState =>
  unitState({
    flows: unitFlows('service', scope, BigInt(scope.service.serviceId)),
    groups: serviceShards(scope.service).map(({ group }) => group),
  });

export const addressUnit = (scope: AddressScope): UnitState =>
  unitState({
    flows: unitFlows('address', scope, addressObject(parseIp(scope.address))),
  });

export const neighbourUnit = (scope: NeighbourScope): UnitState =>
  unitState({ neighbours: addressNeighbours(scope) });
