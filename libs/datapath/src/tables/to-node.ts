import { tunnelPort } from '../layout/ids.js';
import { peerNode, sendTunId, tunnelId } from '../layout/registers.js';
import { ctClear, forgetPort, goto, move, output } from '../pipeline/actions.js';
import { has } from '../pipeline/matches.js';
import { defineTable, row } from '../pipeline/table.js';

export const toNode = defineTable({
  name: 'to-node',
  stage: 'tunnel',
  roles: ['agent', 'gateway'],
  summary: 'Sends the packet to a node by its tunnel. A node with both roles sends to itself without one.',
  matches: ['reg2'],
  sets: ['tun_id', 'in_port'],
  next: ['tunnel-in'],
  outputs: ['tunnel'],
  miss: 'drop',
  rows: {
    node: ({ nodeId, agent, gateway }) =>
      agent && gateway
        ? [
            row(
              100,
              [has(peerNode, nodeId)],
              move(sendTunId, tunnelId),
              ctClear,
              forgetPort,
              goto('tunnel-in'),
            ),
          ]
        : [],
    peer: ({ nodeId }) => [
      row(100, [has(peerNode, nodeId)], move(sendTunId, tunnelId), output(tunnelPort(nodeId))),
    ],
  },
});
