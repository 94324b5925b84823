import { objectId, origin, peerNode } from '../layout/registers.js';
import { ctClear, forgetPort, goto, load } from '../pipeline/actions.js';
import { toAddress } from '../pipeline/matches.js';
import { defineTable, row } from '../pipeline/table.js';

/**
 * The room above is for replay (400, drop) and the rows below the hairpin for answers to services (210, 200: by the
 * last hop). A hairpin runs once, for uplink-in never leads here.
 */
export const route = defineTable({
  name: 'route',
  stage: 'route',
  roles: ['gateway'],
  summary:
    'A destination that this gateway holds itself comes back as if from outside; the rest needs a next hop.',
  matches: ['eth_type', 'ip_dst', 'ipv6_dst'],
  sets: ['in_port', 'reg0', 'reg1', 'reg2'],
  next: ['uplink-in', 'next-hop'],
  miss: { goto: 'next-hop' },
  rows: {
    address: ({ address }) => [
      row(
        300,
        toAddress(address),
        ctClear,
        forgetPort,
        load(origin, origin.values.turnedAround),
        load(objectId, 0),
        load(peerNode, 0),
        goto('uplink-in'),
      ),
    ],
  },
});
