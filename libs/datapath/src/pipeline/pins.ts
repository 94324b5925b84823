/** Pins: connections of Pods, and the gateway that each belongs to, in a conntrack zone of their own. */
import { type Action } from '@sluice/ovs';
import { type DatapathConfig } from '../config.js';
import { markNode, markObject, objectId, peerNode } from '../layout/registers.js';
import { commit, load, move } from './actions.js';

type Zones = Pick<DatapathConfig, 'zones'>;

/** Pins the connection to the peer node. The commit does not recirculate: the userspace datapath takes six of those at most. */
export const pinned = (config: Zones): Action => pin(config, move(peerNode, markNode));

/** Known, and pinned to none: each packet picks, until one comes back from a gateway that took it. */
export const unpinned = (config: Zones): Action => pin(config, load(markNode, 0));

const pin = ({ zones }: Zones, node: Action): Action =>
  commit({ zone: zones.pins, exec: [node, move(objectId, markObject)] });
