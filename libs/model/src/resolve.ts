/** World and node facts → what this node must do. Pure; equal inputs give deeply equal intents. */
import {
  type EgressAddress,
  type EgressPool,
  type EgressPoolSlot,
  type EndpointSlice,
  type Node,
  type Pod,
} from '@sluice/kube';
import { NamespaceClaims, namespaceEgress, type NamespaceEgress } from './claims.js';
import { addressesOf, gatewaysByNode, nodeIds, tunnelAddressOf } from './fleet.js';
import {
  type AgentIntent,
  type EgressRoute,
  type GatewayIntent,
  type HeldEgress,
  type Intent,
  type LocalPod,
  type PodVerdict,
  type SlotOrder,
  type TunnelPeer,
  type Uplink,
} from './intent.js';
import { canonicalOr, cidrOr, compareText, familyOf, sortedSet } from './ip-text.js';
import { serviceNameLabel, servicesOfEveryPod } from './names.js';
import { poolWays } from './pool-ways.js';
import { selects } from './selector.js';
import { globalSlot, servedPools } from './served-pools.js';
import { ServiceBook } from './services/service-book.js';
import { type NodeFacts, type World } from './world.js';

export type Resolution =
  { readonly kind: 'ready'; readonly intent: Intent } | { readonly kind: 'waiting'; readonly reason: string };

/**
 * `book` saves a process that resolves again and again the work for Services that did not change; it must be one that this
 * node alone uses. The result is the same without.
 */
export function resolve(world: World, facts: NodeFacts, book?: ServiceBook): Resolution {
  const ids = nodeIds(world.nodes);
  const nodeId = ids.get(facts.nodeName);
  const self = world.nodes.find(({ metadata }) => metadata.name === facts.nodeName);
  if (self === undefined) return { kind: 'waiting', reason: `there is no Node ${facts.nodeName}` };
  if (nodeId === undefined) return { kind: 'waiting', reason: `Node ${facts.nodeName} has no id yet` };
  const { uplink, underlayMtu, underlayFamily, roles } = facts;
  if (roles.gateway && uplink === undefined) {
    return { kind: 'waiting', reason: `there is no EgressGateway for node ${facts.nodeName} yet` };
  }
  const intent: Intent = {
    nodeId,
    nodeName: facts.nodeName,
    underlayMtu,
    underlayFamily,
    peers: peers(world, facts, ids),
    ...(roles.agent ? { agent: agentIntent(world, facts, self, ids) } : {}),
    ...(roles.gateway && uplink !== undefined
      ? {
          gateway: gatewayIntent(world, {
            nodeName: facts.nodeName,
            uplink,
            ids,
            book: book ?? new ServiceBook(),
          }),
        }
      : {}),
  };
  return { kind: 'ready', intent };
}

type Ids = ReadonlyMap<string, number>;

/** Agents have tunnels to the gateways, gateways to everybody. */
function peers(
  world: World,
  { nodeName, roles, underlayFamily }: NodeFacts,
  ids: Ids,
): readonly TunnelPeer[] {
  const gateways = gatewaysByNode(world);
  return world.nodes
    .flatMap((node): TunnelPeer[] => {
      const { name } = node.metadata;
      const nodeId = ids.get(name);
      const gateway = gateways.get(name);
      const isPeer = name !== nodeName && (roles.gateway || gateway !== undefined);
      const address = isPeer ? tunnelAddressOf(node, gateway, underlayFamily) : undefined;
      if (nodeId === undefined || address === undefined) return [];
      const uplinkMac = roles.gateway ? gateway?.status?.uplinkMAC : undefined;
      return [
        {
          ...{ nodeId, nodeName: name, address, gateway: gateway !== undefined },
          ...(uplinkMac === undefined ? {} : { uplinkMac }),
        },
      ];
    })
    .toSorted((a, b) => a.nodeId - b.nodeId);
}

interface SlotOf {
  readonly planned: EgressPoolSlot | undefined;
}

function agentIntent(world: World, facts: NodeFacts, self: Node, ids: Ids): AgentIntent {
  const pods = localPods(world, facts);
  const used = new Set(pods.flatMap(({ verdict }) => (verdict.kind === 'capture' ? [verdict.egressId] : [])));
  const poolsByName = new Map(world.pools.map((pool) => [pool.metadata.name, pool]));
  const routes = world.addresses
    .filter(({ spec }) => used.has(spec.id))
    .flatMap(({ spec }): (Pick<EgressRoute, 'egressId' | 'slot'> & SlotOf)[] => {
      const pool = poolsByName.get(spec.pool);
      const id = pool?.status?.id;
      if (pool === undefined || id === undefined) return [];
      const planned = pool.status?.slots?.find(({ slot }) => slot === spec.slot);
      return [{ egressId: spec.id, slot: globalSlot(id, spec.slot), planned }];
    })
    .toSorted((a, b) => a.egressId - b.egressId);
  const gateways = gatewaysByNode(world);
  const idOfGateway = new Map(
    [...gateways].flatMap(([node, { metadata }]) => {
      const id = ids.get(node);
      return id === undefined ? [] : [[metadata.name, id] as const];
    }),
  );
  const idsOf = (names: readonly (string | undefined)[]): readonly number[] => [
    ...new Set(names.flatMap((name) => (name === undefined ? [] : (idOfGateway.get(name) ?? [])))),
  ];
  const slots = new Map(
    routes.map(({ slot, planned }): [number, SlotOrder] => [
      slot,
      { slot, gateways: idsOf([planned?.holder, ...(planned?.order ?? [])]) },
    ]),
  );
  return {
    clusterCidrs: clusterCidrs(world, facts),
    podCidrs: sortedSet((self.spec?.podCIDRs ?? []).map(cidrOr)),
    pods,
    egresses: routes.map(({ egressId, slot, planned }) => {
      // Before anybody has said that it holds the slot, every gateway may.
      const { holder, previous, order = [] } = planned ?? {};
      return { egressId, slot, serving: idsOf(holder === undefined ? order : [holder, previous]) };
    }),
    slots: [...slots.values()].toSorted((a, b) => a.slot - b.slot),
  };
}

/** Slices of other Services may be there, and name any address: what goes there must not leave the cluster uncaptured. */
const isOfEveryPod = ({ metadata }: EndpointSlice): boolean =>
  servicesOfEveryPod.some(
    ({ namespace, service }) =>
      namespace === metadata.namespace && service === metadata.labels?.[serviceNameLabel],
  );

function clusterCidrs({ nodes, serviceCidrs, endpointSlices }: World, facts: NodeFacts): readonly string[] {
  return sortedSet(
    [
      ...nodes.flatMap(({ spec }) => spec?.podCIDRs ?? []),
      ...nodes.flatMap(addressesOf),
      ...serviceCidrs.flatMap(({ spec }) => spec?.cidrs ?? []),
      ...endpointSlices
        .filter(isOfEveryPod)
        .flatMap(({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses)),
      ...facts.clusterCidrs,
    ].map(cidrOr),
  );
}

function localPods({ pods, namespaces, addresses }: World, facts: NodeFacts): readonly LocalPod[] {
  const local = pods.filter(
    ({ spec, status }) =>
      spec?.nodeName === facts.nodeName && spec.hostNetwork !== true && !isOver(status?.phase),
  );
  const used = new Set(local.map(({ metadata }) => metadata.namespace));
  const services = Map.groupBy(
    addresses.filter(({ spec }) => spec.pods !== undefined),
    ({ spec }) => spec.claim.namespace ?? '',
  );
  const claims = new NamespaceClaims(addresses);
  const egresses = new Map(
    namespaces
      .filter(({ metadata }) => used.has(metadata.name))
      .map((namespace) => [namespace.metadata.name, namespaceEgress(namespace, claims.of(namespace))]),
  );
  return local
    .flatMap(({ metadata, status }) => {
      const { name, namespace = '' } = metadata;
      const egress = egresses.get(namespace);
      // A namespace that is not known yet: its Pods are unknown, too, and their packets are dropped.
      if (egress === undefined) return [];
      const texts = (status?.podIPs ?? []).map(({ ip }) => canonicalOr(ip));
      return texts.flatMap((address): LocalPod[] => {
        const device = address === undefined ? undefined : facts.podInterfaces.get(address);
        if (address === undefined || device === undefined) return [];
        const own = verdict(servicesEgress(services.get(namespace), metadata, address) ?? egress, address);
        return [{ key: `${namespace}/${name}`, address, interface: device, verdict: own }];
      });
    })
    .toSorted((a, b) => compareText(a.address, b.address) || compareText(a.key, b.key));
}

/** What a Service of the Pod asks for goes before what the namespace does; of several the address that is there longer. */
function servicesEgress(
  candidates: readonly EgressAddress[] | undefined,
  { labels }: Pod['metadata'],
  address: string,
): NamespaceEgress | undefined {
  const own = (candidates ?? [])
    .filter(({ spec }) => spec.pods?.some((selector) => selects(selector, labels)) === true)
    .toSorted((a, b) => a.spec.id - b.spec.id);
  const claim = own.find((each) => coversFamily(each, address)) ?? own[0];
  return claim === undefined ? undefined : { kind: 'capture', claim };
}

const coversFamily = ({ spec }: EgressAddress, address: string): boolean =>
  spec.addresses.some((text) => familyOf(text) === familyOf(address));

const isOver = (phase: string | undefined): boolean => phase === 'Succeeded' || phase === 'Failed';

function verdict(egress: NamespaceEgress, address: string): PodVerdict {
  if (egress.kind === 'direct') return { kind: 'direct' };
  const { claim } = egress;
  return claim !== undefined && coversFamily(claim, address)
    ? { kind: 'capture', egressId: claim.spec.id }
    : { kind: 'capture' };
}

interface GatewaySituation {
  readonly nodeName: string;
  readonly uplink: Uplink;
  readonly ids: Ids;
  readonly book: ServiceBook;
}

function gatewayIntent(world: World, { nodeName, uplink, ids, book }: GatewaySituation): GatewayIntent {
  const gateway = gatewaysByNode(world).get(nodeName);
  const name = gateway?.metadata.name ?? nodeName;
  const pools = servedPools(world, name);
  const served = new Map(
    pools.map((pool) => [pool.metadata.name, { id: pool.status?.id, held: heldSlots(pool, name) }]),
  );
  return {
    uplink,
    pools: poolWays(pools, world.addresses, uplink),
    egresses: world.addresses
      .flatMap(({ spec }) => heldEgress(spec, served.get(spec.pool)))
      .toSorted((a, b) => a.egressId - b.egressId),
    services: book.ports({ ...world, pools, nodeIds: ids, zone: gateway?.spec.zone }),
    healthChecks: book.healthChecks(),
  };
}

interface ServedPool {
  readonly id: number | undefined;
  readonly held: ReadonlySet<number>;
}

const heldSlots = ({ status }: EgressPool, gateway: string): ReadonlySet<number> =>
  new Set((status?.slots ?? []).filter(({ holder }) => holder === gateway).map(({ slot }) => slot));

/** Addresses do not change: what was made of one is the identical object as long as it is equal. */
const heldBefore = new WeakMap<EgressAddress['spec'], HeldEgress>();

function heldEgress(spec: EgressAddress['spec'], pool: ServedPool | undefined): HeldEgress[] {
  if (pool?.id === undefined) return [];
  const slot = globalSlot(pool.id, spec.slot);
  const held = pool.held.has(spec.slot);
  const before = heldBefore.get(spec);
  if (before?.slot === slot && before.held === held) return [before];
  const egress = { egressId: spec.id, slot, addresses: spec.addresses, held };
  heldBefore.set(spec, egress);
  return [egress];
}
