import { track } from '../pipeline/actions.js';
import { families, ip } from '../pipeline/matches.js';
import { defineTable, row } from '../pipeline/table.js';

export const toPod = defineTable({
  name: 'to-pod',
  stage: 'agent',
  roles: ['agent'],
  summary: 'From a gateway to a Pod of this node: looks up the pin.',
  matches: ['eth_type'],
  sets: [],
  next: ['to-pod-pin'],
  miss: 'drop',
  rows: {
    node: ({ agent, config }) =>
      agent ? families.map((family) => row(100, [ip(family)], track(config.zones.pins, 'to-pod-pin'))) : [],
  },
});
