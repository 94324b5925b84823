/**
 * Groups of an agent. A bucket is an action set: of output, group, resubmit and ct only one takes effect, after all
 * loads; hence buckets load registers and resubmit once.
 */
import { type Action, type Bucket, type Group } from '@sluice/ovs';
import { groupIds, ofports } from '../layout/ids.js';
import { objectId, peerNode, sendId, sendKind, tunnelKind } from '../layout/registers.js';
import { goto, load, move } from '../pipeline/actions.js';
import { type FleetScope, type GatewayScope, type SlotScope } from '../pipeline/scope.js';

const bucket = (id: number, watchPort: number | undefined, actions: readonly Action[]): Bucket => ({
  id,
  ...(watchPort !== undefined && { watchPort }),
  actions,
});

/** The first live gateway of a slot; the connection is pinned to it. */
export const slotGroup = ({ slot, gateways }: SlotScope): Group => ({
  id: groupIds.slot(slot),
  type: 'ff',
  buckets: gateways.map(({ nodeId, port }) =>
    bucket(nodeId, port, [
      load(peerNode, nodeId),
      load(sendKind, tunnelKind.values.egress),
      move(objectId, sendId),
      goto('pin'),
    ]),
  ),
});

/**
 * The pinned gateway while it lives, otherwise a new pick. The second bucket watches sluice0, which is alive whenever a
 * Pod's packet comes here: OpenFlow wants something to watch in every bucket of a fast failover group.
 */
export const pinnedGroup = ({ nodeId, port }: GatewayScope): Group => ({
  id: groupIds.pinned(nodeId),
  type: 'ff',
  buckets: [bucket(1, port, [goto('send')]), bucket(2, ofports.sluice0, [goto('repick')])],
});

const toGateway = ({ nodeId }: GatewayScope): Action[] => [load(peerNode, nodeId), goto('send')];

/** Replies without a living pin: any live gateway, or all of them. */
export const fleetGroups = ({ gateways }: FleetScope): Group[] => [
  {
    id: groupIds.any,
    type: 'ff',
    buckets: gateways.map((gateway) => bucket(gateway.nodeId, gateway.port, toGateway(gateway))),
  },
  {
    id: groupIds.all,
    type: 'all',
    buckets: gateways.map((gateway) => bucket(gateway.nodeId, undefined, toGateway(gateway))),
  },
];
