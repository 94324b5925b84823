/** Pins: connections of Pods, and the gateway that each belongs to, in a conntrack zone of their own. */
import { type Action } from '@sluice/ovs';
import { type DatapathConfig } from '../config.js';
import { markNode, markObject, objectId, peerNode } from '../layout/registers.js';
import { commit, move } from './actions.js';

/** Pins the connection to the peer node. The commit does not recirculate: the userspace datapath takes six of those at most. */
export const pinned = ({ zones }: Pick<DatapathConfig, 'zones'>): Action =>
  commit({ zone: zones.pins, exec: [move(peerNode, markNode), move(objectId, markObject)] });
