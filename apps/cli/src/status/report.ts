/** What `sluicectl status` says, from the objects of the cluster. Pure. */
import {
  type Condition,
  type EgressAddress,
  type EgressGateway,
  type EgressPool,
  type Namespace,
} from '@sluice/kube';
import { readEgressStatus } from '@sluice/model';
import {
  retiringSlots,
  type RetiringSlots,
  shareOf,
  unheldSlots,
  type UnheldSlots,
} from '../slots/ledger.js';

export interface ClusterObjects {
  readonly gateways: readonly EgressGateway[];
  readonly pools: readonly EgressPool[];
  readonly addresses: readonly EgressAddress[];
  readonly namespaces: readonly Namespace[];
}

export interface Problem {
  readonly kind: 'EgressGateway' | 'EgressPool' | 'EgressAddress' | 'Namespace' | 'Cluster';
  readonly name: string;
  readonly reason: string;
  /** What is wrong and what to do. */
  readonly message: string;
}

export interface GatewayLine {
  readonly name: string;
  readonly state: string;
  /** An admin has asked for it; a cordoned node shows in the state alone. */
  readonly draining: boolean;
  /** That it holds. */
  readonly slots: number;
  /** That it has handed over, and whose older connections it still serves. */
  readonly shared: number;
  readonly addresses: number;
  readonly zone: string;
  readonly uplink: string;
  readonly tunnel: string;
  readonly ovs: string;
}

export interface PoolLine {
  readonly name: string;
  readonly ready: boolean;
  readonly capacity: number;
  readonly free: number;
  readonly slotsHeld: number;
  readonly slots: number;
}

export interface AddressLine {
  readonly addresses: readonly string[];
  /** Kind/name, or the name alone of a namespace. */
  readonly claim: string;
  readonly pool: string;
  readonly slot: number;
  readonly id: number;
  readonly gateway: string;
  readonly working: boolean;
}

export interface UnheldLine extends UnheldSlots {
  /** That lie in these slots, and carry nothing. */
  readonly addresses: readonly string[];
}

export interface StatusReport {
  readonly problems: readonly Problem[];
  readonly unheld: readonly UnheldLine[];
  readonly gateways: readonly GatewayLine[];
  readonly pools: readonly PoolLine[];
  readonly retiring: readonly RetiringSlots[];
  readonly addresses: readonly AddressLine[];
}

/** Conditions that are good when True, by kind; any other status of them is a problem. */
const goodWhenTrue = {
  EgressGateway: ['Ready', 'OVSReady', 'UplinkReady'],
  EgressPool: ['Ready'],
  EgressAddress: ['Held', 'Announced'],
} as const;
const badWhenTrue = { EgressGateway: [], EgressPool: ['Exhausted', 'Degraded'], EgressAddress: [] } as const;

type Watched = keyof typeof goodWhenTrue;

interface Judged {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly conditions?: readonly Condition[] | undefined };
}

const notReported = (kind: Watched, name: string): Problem => ({
  kind,
  name,
  reason: 'NotReported',
  message: 'nobody has written its status yet; is sluice-controller running?',
});

/** The first is enough for each object: one cause often shows in several conditions. */
function problemOf(kind: Watched, { metadata: { name }, status }: Judged): readonly Problem[] {
  const conditions = status?.conditions ?? [];
  if (conditions.length === 0) return [notReported(kind, name)];
  const good: readonly string[] = goodWhenTrue[kind];
  const bad: readonly string[] = badWhenTrue[kind];
  const wrong = conditions.find(
    ({ type, status: is }) => (good.includes(type) && is !== 'True') || (bad.includes(type) && is === 'True'),
  );
  return wrong === undefined ? [] : [{ kind, name, reason: wrong.reason, message: wrong.message }];
}

const namespaceProblems = (namespace: Namespace): readonly Problem[] =>
  readEgressStatus(namespace)
    .filter(({ state }) => state !== 'Ready')
    .map(({ state, reason, message }) => ({
      kind: 'Namespace',
      name: namespace.metadata.name,
      reason: reason ?? state,
      message: message ?? `its egress is ${state.toLowerCase()}`,
    }));

function clusterProblems({ gateways, pools }: ClusterObjects): readonly Problem[] {
  const problems: Problem[] = [];
  const name = 'sluice';
  if (gateways.length === 0) {
    const message = 'no node is a gateway; label some: kubectl label node NODE sluice.dev/gateway=true';
    problems.push({ kind: 'Cluster', name, reason: 'NoGateway', message });
  }
  if (pools.length === 0) {
    const message = 'there is no EgressPool to take addresses from; apply one';
    problems.push({ kind: 'Cluster', name, reason: 'NoPool', message });
  }
  return problems;
}

const gatewayLine =
  (pools: readonly EgressPool[]) =>
  ({ metadata: { name }, spec, status = {} }: EgressGateway): GatewayLine => {
    const { held, shared } = shareOf(name, pools);
    return {
      name,
      state: status.state ?? 'Unknown',
      draining: spec.draining,
      slots: held,
      shared,
      addresses: status.addresses ?? 0,
      zone: spec.zone ?? '',
      uplink: spec.uplinkInterface,
      tunnel: status.tunnelAddress ?? '',
      ovs: status.ovs === undefined ? '' : `${status.ovs.version} ${status.ovs.datapath}`,
    };
  };

const unheldLines = (objects: ClusterObjects): readonly UnheldLine[] =>
  unheldSlots(objects).map((group) => {
    const inside = objects.addresses.filter(
      ({ spec }) => spec.pool === group.pool && group.slots.includes(spec.slot),
    );
    return { ...group, addresses: inside.flatMap(({ spec }) => spec.addresses) };
  });

const poolLine = ({ metadata, spec, status = {} }: EgressPool): PoolLine => ({
  name: metadata.name,
  ready: status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false,
  capacity: status.capacity ?? 0,
  free: status.free ?? 0,
  slotsHeld: status.slots?.filter(({ holder }) => holder !== undefined).length ?? 0,
  slots: spec.slots,
});

const addressLine = (address: EgressAddress): AddressLine => {
  const { claim, addresses, pool, slot, id } = address.spec;
  return {
    addresses,
    claim: claim.kind === 'Namespace' ? claim.name : `${claim.kind}/${claim.name}`,
    pool,
    slot,
    id,
    gateway: address.status?.holder ?? '',
    working: problemOf('EgressAddress', address).length === 0,
  };
};

const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name.localeCompare(b.name, 'en', { numeric: true });

export function statusReport(objects: ClusterObjects): StatusReport {
  const { gateways, pools, addresses, namespaces } = objects;
  return {
    problems: [
      ...clusterProblems(objects),
      ...gateways.flatMap((gateway) => problemOf('EgressGateway', gateway)),
      ...pools.flatMap((pool) => problemOf('EgressPool', pool)),
      ...addresses.flatMap((address) => problemOf('EgressAddress', address)),
      ...namespaces.flatMap(namespaceProblems),
    ],
    unheld: unheldLines(objects),
    gateways: gateways.map(gatewayLine(pools)).sort(byName),
    pools: pools.map(poolLine).sort(byName),
    retiring: retiringSlots(pools),
    addresses: addresses.map(addressLine).sort((a, b) => byName({ name: a.claim }, { name: b.claim })),
  };
}
