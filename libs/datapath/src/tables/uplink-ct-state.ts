import {
  markNode,
  markObject,
  origin,
  peerNode,
  sendId,
  sendKind,
  shared,
  tunnelKind,
} from '../layout/registers.js';
import { goto, load, move } from '../pipeline/actions.js';
import { ctState, has } from '../pipeline/matches.js';
import { defineTable, row } from '../pipeline/table.js';

export const uplinkCtState = defineTable({
  name: 'uplink-ct-state',
  stage: 'gateway',
  roles: ['gateway'],
  summary: 'Known connections go to the node that their mark names; new ones are for services.',
  matches: ['reg0', 'reg5', 'ct_state'],
  sets: ['reg2', 'reg6'],
  next: ['service', 'to-node'],
  miss: 'drop',
  rows: {
    node: ({ gateway }) =>
      gateway
        ? [
            // Another holder of the slot may make sense of it.
            row(
              115,
              [ctState('+trk+inv'), has(origin, origin.values.uplink), has(shared, shared.values.yes)],
              goto('service'),
            ),
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
