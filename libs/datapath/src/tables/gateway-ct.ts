import { macs, ofports } from '../layout/ids.js';
import { tooBig } from '../layout/registers.js';
import { output, setMac, track } from '../pipeline/actions.js';
import { families, has, ip } from '../pipeline/matches.js';
import { defineTable, row } from '../pipeline/table.js';

export const gatewayCt = defineTable({
  name: 'gateway-ct',
  stage: 'gateway',
  roles: ['gateway'],
  summary:
    'Looks up and translates what comes from outside. Packets that are too big go to the slow port, where the kernel answers the sender about its own packet or fragments it.',
  matches: ['reg5', 'eth_type'],
  sets: ['eth_src', 'eth_dst'],
  next: ['uplink-ct-state'],
  outputs: ['slow port'],
  miss: 'drop',
  rows: {
    node: ({ gateway, config }) =>
      gateway
        ? [
            row(
              200,
              [has(tooBig, tooBig.values.yes)],
              setMac('eth_src', macs.tooBig),
              setMac('eth_dst', macs.host),
              output(ofports.slowPort),
            ),
            ...families.map((family) =>
              row(100, [ip(family)], track(config.zones.nat, 'uplink-ct-state', true)),
            ),
          ]
        : [],
  },
});
