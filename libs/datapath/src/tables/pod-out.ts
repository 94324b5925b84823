import { track } from '../pipeline/actions.js';
import { families, ip } from '../pipeline/matches.js';
import { defineTable, row } from '../pipeline/table.js';

export const podOut = defineTable({
  name: 'pod-out',
  stage: 'agent',
  roles: ['agent'],
  summary: "Looks up the pin of a Pod's connection.",
  matches: ['eth_type'],
  sets: [],
  next: ['pod-ct-state'],
  miss: 'drop',
  rows: {
    node: ({ agent, config }) =>
      agent ? families.map((family) => row(100, [ip(family)], track(config.zones.pins, 'pod-ct-state'))) : [],
  },
});
