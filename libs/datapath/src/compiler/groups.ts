/**
 * Groups of an agent. A bucket is an action set: of output, group, resubmit and ct only one takes effect, after all
 * loads; hence buckets load registers and resubmit once.
 */
import { type Action, type Bucket, type Group } from '@sluice/ovs';
import { groupIds, ofports } from '../layout/ids.js';
import { objectId, peerNode, sendId, sendKind, tunnelKind } from '../layout/registers.js';
import { goto, load, move } from '../pipeline/actions.js';
import { type FleetScope, type GatewayScope, type SlotScope } from '../pipeline/scope.js';

type Watch = Pick<Bucket, 'watchPort' | 'watchGroup'>;

/** Above every node id, which are the ids of the other buckets. */
const lastResort = 0x1_0000;

const bucket = (id: number, watch: Watch, actions: readonly Action[]): Bucket => ({ id, ...watch, actions });

/** To a gateway of a slot: its holder (rank 0), as far as this node has heard, or another one, which hears that it is not. */
const pick = ({ nodeId }: GatewayScope, rank: number): Action[] => [
  load(peerNode, nodeId),
  load(sendKind, rank === 0 ? tunnelKind.values.egress : tunnelKind.values.egressFallback),
  move(objectId, sendId),
  goto('pin'),
];

/**
 * The first live gateway of a slot. When all are silent, it is more likely this node that hears nothing (a stalled switch)
 * than that all are dead, and for a dead one nothing is lost by sending: the first one, behind a port that is alive
 * whenever a Pod's packet comes here, since OpenFlow wants something to watch in every bucket of a fast failover group.
 */
export const slotGroup = ({ slot, gateways }: SlotScope): Group => ({
  id: groupIds.slot(slot),
  type: 'ff',
  buckets: [
    ...gateways.map((gateway, rank) =>
      bucket(gateway.nodeId, { watchPort: gateway.port }, pick(gateway, rank)),
    ),
    ...gateways
      .slice(0, 1)
      .map((gateway) => bucket(lastResort, { watchPort: ofports.sluice0 }, pick(gateway, 0))),
  ],
});

/** The pinned gateway while it lives, otherwise a new pick among those that do; when nobody does, the pin stays. */
export const pinnedGroup = ({ nodeId, port }: GatewayScope): Group => ({
  id: groupIds.pinned(nodeId),
  type: 'ff',
  buckets: [
    bucket(1, { watchPort: port }, [goto('send')]),
    bucket(2, { watchGroup: groupIds.any }, [goto('repick')]),
    bucket(lastResort, { watchPort: ofports.sluice0 }, [goto('send')]),
  ],
});

const toGateway = ({ nodeId }: GatewayScope): Action[] => [load(peerNode, nodeId), goto('send')];

/** Replies without a living pin: any live gateway, or all of them. */
export const fleetGroups = ({ gateways }: FleetScope): Group[] => [
  {
    id: groupIds.any,
    type: 'ff',
    buckets: gateways.map((gateway) =>
      bucket(gateway.nodeId, { watchPort: gateway.port }, toGateway(gateway)),
    ),
  },
  {
    id: groupIds.all,
    type: 'all',
    buckets: gateways.map((gateway) => bucket(gateway.nodeId, {}, toGateway(gateway))),
  },
];
