import { defineTable } from '../pipeline/table.js';

/** Services and the hand-over of connections between gateways get their rows here; nothing is served yet. */
export const service = defineTable({
  name: 'service',
  stage: 'gateway',
  roles: ['gateway'],
  summary:
    'New connections from outside: the place of services and of the hand-over between gateways. Empty: drop.',
  matches: [],
  sets: [],
  next: [],
  miss: 'drop',
  rows: {},
});
