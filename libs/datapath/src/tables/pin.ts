import { goto } from '../pipeline/actions.js';
import { families, ip } from '../pipeline/matches.js';
import { pinned } from '../pipeline/pins.js';
import { defineTable, row } from '../pipeline/table.js';

export const pin = defineTable({
  name: 'pin',
  stage: 'agent',
  roles: ['agent'],
  summary: 'Pins the connection to the gateway that was picked.',
  matches: ['eth_type'],
  sets: ['ct_mark'],
  next: ['send'],
  miss: 'drop',
  rows: {
    node: ({ agent, config }) =>
      agent ? families.map((family) => row(100, [ip(family)], pinned(config), goto('send'))) : [],
  },
});
