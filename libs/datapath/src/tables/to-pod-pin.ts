import { markNode, peerNode } from '../layout/registers.js';
import { goto } from '../pipeline/actions.js';
import { ctState, families, has, ip } from '../pipeline/matches.js';
import { pinned } from '../pipeline/pins.js';
import { defineTable, row } from '../pipeline/table.js';

export const toPodPin = defineTable({
  name: 'to-pod-pin',
  stage: 'agent',
  roles: ['agent'],
  summary: 'A connection is pinned to the gateway that its packets come from; an equal pin is left alone.',
  matches: ['ct_state', 'ct_mark', 'reg2', 'eth_type'],
  sets: ['ct_mark'],
  next: ['to-pod-out'],
  miss: 'drop',
  rows: {
    node: ({ agent, config }) =>
      agent
        ? [
            row(110, [ctState('+trk+inv')]),
            row(105, [ctState('+trk+rel')], goto('to-pod-out')),
            ...families.map((family) =>
              row(90, [ctState('+trk-inv'), ip(family)], pinned(config), goto('to-pod-out')),
            ),
          ]
        : [],
    gateway: ({ nodeId }) => [
      row(100, [ctState('+trk+est'), has(peerNode, nodeId), has(markNode, nodeId)], goto('to-pod-out')),
    ],
  },
});
