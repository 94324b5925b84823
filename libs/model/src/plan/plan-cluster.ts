/** World → everything that the controller shall write. Pure and level-triggered; see cluster-plan.ts. */
import { type EgressAddress } from '@sluice/kube';
import { type ClusterPlan } from '../cluster-plan.js';
import { leavingGateways, nodeIds } from '../fleet.js';
import { type World } from '../world.js';
import { planAllocations } from './allocations.js';
import { Allocator } from './allocator.js';
import { type PlanContext } from './context.js';
import {
  type GatewayHealth,
  gatewayHealth,
  gatewayObjects,
  gatewayStatus,
  isGatewayNode,
} from './gateways.js';
import { Ids } from './ids.js';
import { nameOf, type PlannedPool, planPools, poolStatus } from './pools.js';
import { planServiceAllocations } from './service-allocations.js';
import { planServiceIds } from './service-ids.js';
import { settingProblems } from './service-settings.js';
import { addressStatus, eventsOf, holding, namespaceStatus, statusDiffers } from './statuses.js';

export function planCluster(world: World, context: PlanContext): ClusterPlan {
  const { addresses, namespaces, pools: poolObjects, nodes } = world;
  const { nowIso } = context;
  const ids = new Ids(context.resting, context.nowMs);
  const freshNodeIds = planNodeIds(world, ids);
  const objects = gatewayObjects(world, context);
  const labelled = new Set(nodes.filter(isGatewayNode).map(nameOf));
  const gateways = world.gateways.filter(({ spec }) => labelled.has(spec.nodeName));
  const health = new Map(
    gateways.map((gateway) => [nameOf(gateway), gatewayHealth(gateway, world, context)]),
  );
  const pools = planPools({
    pools: poolObjects,
    gateways,
    addresses,
    health,
    ids,
    holders: context.holders,
    leaving: leavingGateways(world),
  });
  for (const { spec } of addresses) ids.use('egress', spec.id);
  const allocator = new Allocator({ addresses, pools, namespaces, ids, formerSlots: context.formerSlots });
  const { outcomes, remove: released } = planAllocations({ namespaces, addresses, allocator });
  const ofServices = planServiceAllocations({
    ...{ services: world.services, addresses, allocator },
    defaultClass: context.defaultLoadBalancer,
  });
  const remove = new Set([...released, ...ofServices.remove]);
  const holdings = new Map(addresses.map((address) => [address, holding(address, pools, health)]));
  const statuses = outcomes
    .map((outcome) => ({ namespace: outcome.namespace, status: namespaceStatus(outcome, holdings) }))
    .filter(({ namespace, status }) => statusDiffers(namespace, status));
  const counts = countsBy(pools, addresses);
  const serviceIds = planServiceIds(world.services, ids);
  const recheckAtMs = nextRecheck(health, ids);
  return {
    nodeIds: freshNodeIds,
    gateways: {
      ...objects,
      status: gateways.flatMap((gateway) => {
        const own = health.get(nameOf(gateway));
        const count = counts.get(nameOf(gateway)) ?? { slots: 0, addresses: 0 };
        const status = own && gatewayStatus(gateway, own, count, context);
        return status === undefined ? [] : [{ name: nameOf(gateway), status }];
      }),
    },
    pools: pools.flatMap((planned) => {
      const status = poolStatus(planned, addresses, health, nowIso);
      const { name, resourceVersion = '' } = planned.pool.metadata;
      return status === undefined ? [] : [{ name, resourceVersion, status }];
    }),
    addresses: {
      create: [...outcomes.flatMap(({ created }) => created ?? []), ...ofServices.create],
      users: ofServices.change,
      status: addresses.flatMap((address) => {
        const holds = holdings.get(address);
        const status =
          remove.has(address) || holds === undefined ? undefined : addressStatus(address, holds, nowIso);
        return status === undefined ? [] : [{ name: nameOf(address), status }];
      }),
      remove: [...remove].map(({ metadata }) => ({ name: metadata.name, uid: metadata.uid ?? '' })),
    },
    namespaces: statuses.map(({ namespace, status }) => ({ name: nameOf(namespace), status })),
    serviceIds,
    ingress: ofServices.ingress,
    events: [
      ...statuses.flatMap(({ namespace, status }) => eventsOf(namespace, status)),
      ...ofServices.events,
    ],
    problems: [...ofServices.problems, ...settingProblems(world.services)],
    resting: ids.resting(),
    ...(recheckAtMs === undefined ? {} : { recheckAtMs }),
  };
}

function planNodeIds({ nodes }: World, ids: Ids): ClusterPlan['nodeIds'] {
  const known = nodeIds(nodes);
  for (const id of known.values()) ids.use('node', id);
  return nodes
    .filter((node) => !known.has(nameOf(node)))
    .flatMap((node) => {
      const id = ids.take('node');
      return id === undefined ? [] : [{ name: nameOf(node), id }];
    });
}

/** Slots and addresses by gateway. */
function countsBy(pools: readonly PlannedPool[], addresses: readonly EgressAddress[]) {
  const counts = new Map<string, { slots: number; addresses: number }>();
  const of = (name: string) => {
    const found = counts.get(name) ?? { slots: 0, addresses: 0 };
    counts.set(name, found);
    return found;
  };
  const inSlot = Map.groupBy(addresses, ({ spec }) => `${spec.pool}/${String(spec.slot)}`);
  for (const { slots, pool } of pools) {
    for (const { holder, slot } of slots) {
      if (holder === undefined) continue;
      of(holder).slots++;
      of(holder).addresses += inSlot.get(`${nameOf(pool)}/${String(slot)}`)?.length ?? 0;
    }
  }
  return counts;
}

function nextRecheck(health: ReadonlyMap<string, GatewayHealth>, ids: Ids): number | undefined {
  const times = [...health.values()].map(({ lostAtMs }) => lostAtMs);
  const all = [...times, ids.nextChangeMs()].filter((time) => time !== undefined);
  return all.length === 0 ? undefined : Math.min(...all);
}
