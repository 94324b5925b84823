/** What a gateway must know of the slots that it may come to hold. Pure. */
import { canonicalIp } from '@sluice/core';
import { type EgressPool } from '@sluice/kube';
import { gatewaysByNode, leavingGateways, nodeIds } from './fleet.js';
import { globalSlot, servedPools } from './served-pools.js';
import { type GlobalSlot } from './intent.js';
import { type World } from './world.js';

/** Another gateway, as this one asks it on the uplink. */
export interface SlotPeer {
  /** Name of its EgressGateway, which is that of its node. */
  readonly name: string;
  readonly nodeId: number;
  /** Undefined while it has not published it. */
  readonly uplinkMac: string | undefined;
}

export interface SlotDuty {
  readonly slot: GlobalSlot;
  readonly pool: string;
  /** Number within the pool. */
  readonly ordinal: number;
  /** Gateways that may take the slot, best first. */
  readonly order: readonly string[];
  /** The cluster's last word about its holder. */
  readonly recorded:
    { readonly holder: string; readonly epoch: number; readonly previous: string | undefined } | undefined;
  /** Addresses in the slot, canonical. */
  readonly addresses: readonly string[];
}

export interface SlotView {
  /** Name of this gateway. */
  readonly self: string;
  readonly nodeId: number;
  readonly slots: readonly SlotDuty[];
  /** All other gateways. */
  readonly peers: readonly SlotPeer[];
  /** Gateways that give their slots away. */
  readonly draining: ReadonlySet<string>;
  /** Routers of its pools, canonical. */
  readonly nextHops: readonly string[];
}

function duties(pool: EgressPool, { addresses }: World): readonly SlotDuty[] {
  const { id, slots = [] } = pool.status ?? {};
  if (id === undefined) return [];
  const { name } = pool.metadata;
  const inSlot = Map.groupBy(
    addresses.filter(({ spec }) => spec.pool === name),
    ({ spec }) => spec.slot,
  );
  return slots.map(({ slot: ordinal, order, holder, epoch, previous }) => ({
    slot: globalSlot(id, ordinal),
    pool: name,
    ordinal,
    order,
    recorded: holder === undefined ? undefined : { holder, epoch, previous },
    addresses: [...new Set((inSlot.get(ordinal) ?? []).flatMap(({ spec }) => spec.addresses))],
  }));
}

/** Undefined: the node is no gateway, or has no id yet. */
export function slotView(world: World, nodeName: string): SlotView | undefined {
  const gateways = gatewaysByNode(world);
  const self = gateways.get(nodeName)?.metadata.name;
  if (self === undefined) return undefined;
  const ids = nodeIds(world.nodes);
  const nodeId = ids.get(nodeName);
  if (nodeId === undefined) return undefined;
  const peers = [...gateways].flatMap(([node, { metadata, status }]): SlotPeer[] => {
    const nodeId = ids.get(node);
    if (node === nodeName || nodeId === undefined) return [];
    return [{ name: metadata.name, nodeId, uplinkMac: status?.uplinkMAC }];
  });
  const pools = servedPools(world, self);
  const nextHops = pools.flatMap(({ spec }) => spec.uplink.nextHops).map(canonicalIp);
  return {
    self,
    nodeId,
    slots: pools.flatMap((pool) => duties(pool, world)),
    peers,
    draining: leavingGateways(world),
    nextHops: [...new Set(nextHops)],
  };
}

/**
 * What is wanted of the slots, addresses and gateways that are programmed, as the objects say it now. It holds before
 * anything else is programmed, and while nothing can be: who drains, who comes first, who holds what.
 */
export function asOf(now: SlotView, programmed: SlotView): SlotView {
  const duties = new Map(now.slots.map((duty) => [duty.slot, duty]));
  const tunnels = new Set(programmed.peers.map(({ nodeId }) => nodeId));
  return {
    ...now,
    slots: programmed.slots.map((duty) => ({ ...duty, ...duties.get(duty.slot), addresses: duty.addresses })),
    peers: now.peers.filter(({ nodeId }) => tunnels.has(nodeId)),
  };
}
