/** EgressGateway objects for labelled nodes, and the controller's share of their status. */
import {
  type EgressGateway,
  type EgressGatewayStatus,
  findCondition,
  isTrue,
  type NextCondition,
  type Node,
  setCondition,
} from '@sluice/kube';
import { type ClusterPlan } from '../cluster-plan.js';
import { leavingGateways } from '../fleet.js';
import { gatewayLabel, gatewayLeaseName, uplinkAnnotation } from '../names.js';
import { type World } from '../world.js';
import { type PlanContext } from './context.js';

export const isGatewayNode = ({ metadata }: Node): boolean => metadata.labels?.[gatewayLabel] === 'true';

const zoneLabel = 'topology.kubernetes.io/zone';
/** For the selectors of pools. */
const copiedLabels = [zoneLabel, 'sluice.dev/zone'] as const;

/** Undefined: the node has no zone. */
function zoneOf({ metadata }: Node): string | undefined {
  const zone = metadata.labels?.[zoneLabel];
  return zone === '' ? undefined : zone;
}

/** Objects to make and to remove. */
export function gatewayObjects(
  { nodes, gateways }: World,
  { defaultUplinkInterface }: PlanContext,
): Pick<ClusterPlan['gateways'], 'create' | 'remove'> {
  const labelled = nodes.filter(isGatewayNode);
  const has = new Set(gateways.map(({ spec }) => spec.nodeName));
  const wanted = new Set(labelled.map(({ metadata }) => metadata.name));
  return {
    create: labelled
      .filter(({ metadata }) => !has.has(metadata.name))
      .map((node) => gatewayOf(node, defaultUplinkInterface)),
    remove: gateways
      .filter(({ spec }) => !wanted.has(spec.nodeName))
      .map(({ metadata }) => ({ name: metadata.name, uid: metadata.uid ?? '' })),
  };
}

function gatewayOf(node: Node, defaultUplinkInterface: string): ClusterPlan['gateways']['create'][number] {
  const { name, annotations, labels = {} } = node.metadata;
  const zone = zoneOf(node);
  return {
    name,
    spec: {
      nodeName: name,
      uplinkInterface: annotations?.[uplinkAnnotation] ?? defaultUplinkInterface,
      ...(zone === undefined ? {} : { zone }),
      capacity: 4096,
      draining: false,
    },
    labels: Object.fromEntries(
      copiedLabels.flatMap((label) => {
        const value = labels[label];
        return value === undefined ? [] : [[label, value]];
      }),
    ),
  };
}

export interface GatewayHealth {
  readonly state: NonNullable<EgressGatewayStatus['state']>;
  readonly condition: NextCondition<'Ready'>;
  /** Unix milliseconds at which silence makes it Lost; undefined: it is already, or never spoke. */
  readonly lostAtMs?: number;
}

/** Whether what it holds carries traffic. */
export const carries = (health: GatewayHealth | undefined): boolean =>
  health?.state === 'Ready' || health?.state === 'Draining';

/** What the controller sees of a gateway: its Lease, and what it says about itself. */
export function gatewayHealth(gateway: EgressGateway, world: World, context: PlanContext): GatewayHealth {
  const health = liveHealth(gateway, world, context);
  if (health.state !== 'Ready' || !leavingGateways(world).has(gateway.metadata.name)) return health;
  const message = 'the gateway gives its slots away; it is asked to drain, or its node is cordoned';
  return {
    ...health,
    state: 'Draining',
    condition: { type: 'Ready', status: 'True', reason: 'GatewayDraining', message },
  };
}

function liveHealth(gateway: EgressGateway, world: World, context: PlanContext): GatewayHealth {
  const { name } = gateway.metadata;
  const lease = world.leases.find(({ metadata }) => metadata.name === gatewayLeaseName(name));
  const renewed = Date.parse(lease?.spec?.renewTime ?? '');
  const lost = (reason: 'GatewaySilent' | 'GatewayStarting', message: string): GatewayHealth => ({
    state: reason === 'GatewaySilent' ? 'Lost' : 'NotReady',
    condition: { type: 'Ready', status: 'False', reason, message },
  });
  if (Number.isNaN(renewed))
    return lost('GatewayStarting', `the gateway process on ${name} has not reported yet`);
  const lostAtMs = renewed + context.leaseSeconds * 1000;
  if (lostAtMs <= context.nowMs) {
    const since = new Date(renewed).toISOString().replace(/\.\d+Z$/, 'Z');
    return lost('GatewaySilent', `not heard of since ${since}; check the node and its sluice-gateway Pod`);
  }
  const conditions = gateway.status?.conditions;
  for (const type of ['OVSReady', 'UplinkReady'] as const) {
    if (isTrue(conditions, type)) continue;
    const problem = findCondition(conditions, type);
    const { reason = 'GatewayStarting', message = 'the gateway has not reported yet' } = problem ?? {};
    const condition = { type: 'Ready', status: 'False', reason, message } as NextCondition<'Ready'>;
    return { state: 'NotReady', condition, lostAtMs };
  }
  const message = 'the gateway carries traffic';
  return {
    state: 'Ready',
    condition: { type: 'Ready', status: 'True', reason: 'GatewayReady', message },
    lostAtMs,
  };
}

/** Undefined: the object says so already. */
export function gatewayStatus(
  gateway: EgressGateway,
  health: GatewayHealth,
  counts: { readonly slots: number; readonly addresses: number },
  { nowIso }: PlanContext,
): EgressGatewayStatus | undefined {
  const own = (gateway.status?.conditions ?? []).filter(({ type }) => type === 'Ready');
  const conditions = setCondition(own, health.condition, nowIso);
  const { state, slots, addresses } = gateway.status ?? {};
  const same =
    state === health.state && slots === counts.slots && addresses === counts.addresses && conditions === own;
  return same ? undefined : { state: health.state, ...counts, conditions };
}
