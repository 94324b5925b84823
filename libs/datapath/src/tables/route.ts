import { lastHop, origin, replay, slot } from '../layout/registers.js';
import { goto, load, move, part, whole } from '../pipeline/actions.js';
import { ctState, has, toAddress } from '../pipeline/matches.js';
import { defineTable, row } from '../pipeline/table.js';

/**
 * 400: a replayed packet has done its work, the connection is known again. Answers of services leave by
 * the last hop of the request (200). A hairpin runs once, for uplink-in never leads here.
 */
export const route = defineTable({
  name: 'route',
  stage: 'route',
  roles: ['gateway'],
  summary:
    'A destination that this gateway holds itself comes back as if from outside (the gate knows); the rest needs a next hop.',
  matches: ['reg5', 'eth_type', 'ip_dst', 'ipv6_dst', 'ct_state', 'ct_label'],
  sets: ['reg0', 'reg7', 'eth_dst'],
  next: ['gate', 'next-hop', 'emit'],
  miss: { goto: 'next-hop' },
  rows: {
    node: ({ gateway }) =>
      gateway
        ? [
            row(400, [has(replay, replay.values.yes)]),
            // A client of this gateway's own kernel, such as a fragment that turned around: no MAC is known.
            row(210, [ctState('+rpl'), has(lastHop, 0)], goto('next-hop')),
            row(200, [ctState('+rpl')], move(part(lastHop), whole('eth_dst')), goto('emit')),
          ]
        : [],
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
