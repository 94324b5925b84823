import { origin, tooBig } from '../layout/registers.js';
import { goto, load, part } from '../pipeline/actions.js';
import { families, fragment, has, ip } from '../pipeline/matches.js';
import { defineTable, row } from '../pipeline/table.js';

/** check_pkt_larger counts the frame, the MTU does not. */
const ethernetHeader = 14;

export const sizeCheck = defineTable({
  name: 'size-check',
  stage: 'gateway',
  roles: ['gateway'],
  summary:
    'Finds packets from the uplink that are too long for the tunnel. Fragments all count as such: a datagram must not be split between two paths.',
  matches: ['reg0', 'eth_type', 'ip_frag'],
  sets: ['reg5'],
  next: ['gateway-ct'],
  miss: { goto: 'gateway-ct' },
  rows: {
    node: ({ gateway, innerMtu }) =>
      gateway
        ? [
            ...families.map((family) =>
              row(
                110,
                [has(origin, origin.values.uplink), ip(family), fragment],
                load(tooBig, tooBig.values.yes),
                goto('gateway-ct'),
              ),
            ),
            row(
              100,
              [has(origin, origin.values.uplink)],
              { type: 'check_pkt_larger', bytes: innerMtu + ethernetHeader, dst: part(tooBig) },
              goto('gateway-ct'),
            ),
          ]
        : [],
  },
});
