import { origin, replay, slot } from '../layout/registers.js';
import { goto, load } from '../pipeline/actions.js';
import { has, toAddress } from '../pipeline/matches.js';
import { defineTable, row } from '../pipeline/table.js';

/**
 * 400: a replayed packet has done its work, the connection is known again. The room below is for answers to services
 * (200: by the last hop). A hairpin runs once, for uplink-in never leads here.
 */
export const route = defineTable({
  name: 'route',
  stage: 'route',
  roles: ['gateway'],
  summary:
    'A destination that this gateway holds itself comes back as if from outside (the gate knows); the rest needs a next hop.',
  matches: ['reg5', 'eth_type', 'ip_dst', 'ipv6_dst'],
  sets: ['reg0', 'reg7'],
  next: ['gate', 'next-hop'],
  miss: { goto: 'next-hop' },
  rows: {
    node: ({ gateway }) => (gateway ? [row(400, [has(replay, replay.values.yes)])] : []),
    address: (scope) => [
      row(
        300,
        toAddress(scope.address),
        load(origin, origin.values.hairpin),
        load(slot, scope.slot),
        goto('gate'),
      ),
    ],
  },
});
