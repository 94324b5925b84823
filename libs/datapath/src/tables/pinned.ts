import { groupIds } from '../layout/ids.js';
import { peerNode, sendKind, sendTunId, tunnelKind } from '../layout/registers.js';
import { group } from '../pipeline/actions.js';
import { has } from '../pipeline/matches.js';
import { defineTable, row } from '../pipeline/table.js';

/**
 * A pin to a gateway that lives and does not serve the slot would be a hole: it came back after its death, or the
 * connection was sent to it before another one took over. Such a pin counts as dead.
 */
export const pinned = defineTable({
  name: 'pinned',
  stage: 'agent',
  roles: ['agent'],
  summary:
    'The gateway that a connection is pinned to, as long as it serves the slot; its group falls back to a new pick when it is dead.',
  matches: ['reg2', 'reg6'],
  sets: [],
  next: ['repick'],
  groups: ['pinned'],
  miss: { goto: 'repick' },
  rows: {
    gateway: ({ nodeId }) => [
      row(
        100,
        [has(peerNode, nodeId), has(sendKind, tunnelKind.values.serviceReply)],
        group(groupIds.pinned(nodeId)),
      ),
    ],
    route: ({ egressId, serving }) =>
      serving.map((nodeId) =>
        row(
          100,
          [has(peerNode, nodeId), has(sendTunId, tunnelKind.values.egress * 0x1_0000 + egressId)],
          group(groupIds.pinned(nodeId)),
        ),
      ),
  },
});
