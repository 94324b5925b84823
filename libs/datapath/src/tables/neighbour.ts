import { defineTable } from '../pipeline/table.js';

/** Its rows are learned in uplink-in, with a cookie owner of their own: nobody else adds or removes them. */
export const neighbour = defineTable({
  name: 'neighbour',
  stage: 'route',
  roles: ['gateway'],
  summary: 'Next hops and their MACs, learned from ARP and neighbour advertisements.',
  matches: ['eth_type', 'reg11', 'xxreg2'],
  sets: ['eth_dst', 'reg5'],
  next: [],
  miss: 'return',
  rows: {},
});
