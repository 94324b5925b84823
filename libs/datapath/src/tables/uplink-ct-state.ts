import { markNode, markObject, peerNode, sendId, sendKind, tunnelKind } from '../layout/registers.js';
import { goto, load, move } from '../pipeline/actions.js';
import { ctState } from '../pipeline/matches.js';
import { defineTable, row } from '../pipeline/table.js';

export const uplinkCtState = defineTable({
  name: 'uplink-ct-state',
  stage: 'gateway',
  roles: ['gateway'],
  summary: 'Known connections go to the node that their mark names; new ones are for services.',
  matches: ['ct_state'],
  sets: ['reg2', 'reg6'],
  next: ['service', 'to-node'],
  miss: 'drop',
  rows: {
    node: ({ gateway }) =>
      gateway
        ? [
            row(110, [ctState('+trk+inv')]),
            row(
              100,
              [ctState('+trk-new')],
              move(markNode, peerNode),
              move(markObject, sendId),
              load(sendKind, tunnelKind.values.toPod),
              goto('to-node'),
            ),
            row(90, [ctState('+trk+new')], goto('service')),
          ]
        : [],
  },
});
