import { groupIds } from '../layout/ids.js';
import { peerNode } from '../layout/registers.js';
import { group } from '../pipeline/actions.js';
import { has } from '../pipeline/matches.js';
import { defineTable, row } from '../pipeline/table.js';

export const pinned = defineTable({
  name: 'pinned',
  stage: 'agent',
  roles: ['agent'],
  summary: 'The gateway that a connection is pinned to; its group falls back to a new pick when it is dead.',
  matches: ['reg2'],
  sets: [],
  next: ['repick'],
  groups: ['pinned'],
  // A pin to a gateway that is gone altogether is as good as a dead one.
  miss: { goto: 'repick' },
  rows: {
    gateway: ({ nodeId }) => [row(100, [has(peerNode, nodeId)], group(groupIds.pinned(nodeId)))],
  },
});
