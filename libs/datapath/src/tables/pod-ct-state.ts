import { groupIds } from '../layout/ids.js';
import {
  markNode,
  markObject,
  peerNode,
  replyMac,
  sendId,
  sendKind,
  tunnelKind,
} from '../layout/registers.js';
import { goto, group, load, move } from '../pipeline/actions.js';
import { ctState, has } from '../pipeline/matches.js';
import { type Row, defineTable, row } from '../pipeline/table.js';

const known = (direction: '+rpl' | '-rpl', kind: number): Row =>
  row(
    100,
    [ctState(`+trk-new${direction}`)],
    move(markNode, peerNode),
    move(markObject, sendId),
    load(sendKind, kind),
    goto('pinned'),
  );

/**
 * A connection whose pin was lost and came back with a packet from outside runs in the reply direction here, an egress
 * connection as well: the gateway knows it whatever the kind. A reply without any pin goes to all gateways, object 0;
 * the one that knows the connection forwards it. It must never look like a new egress connection.
 */
export const podCtState = defineTable({
  name: 'pod-ct-state',
  stage: 'agent',
  roles: ['agent'],
  summary: 'Known connections follow their pin; new ones look for the egress of their Pod.',
  matches: ['ct_state', 'reg5'],
  sets: ['reg2', 'reg6'],
  next: ['pinned', 'pod'],
  groups: ['all'],
  miss: 'drop',
  rows: {
    node: ({ agent }) =>
      agent
        ? [
            row(110, [ctState('+trk+inv')]),
            row(
              105,
              [ctState('+trk+new'), has(replyMac, replyMac.values.yes)],
              load(sendKind, tunnelKind.values.serviceReply),
              group(groupIds.all),
            ),
            known('+rpl', tunnelKind.values.serviceReply),
            known('-rpl', tunnelKind.values.egress),
            row(90, [ctState('+trk+new')], goto('pod')),
          ]
        : [],
  },
});
