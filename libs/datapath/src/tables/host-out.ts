import { ofports } from '../layout/ids.js';
import { origin, slot } from '../layout/registers.js';
import { goto, load, output } from '../pipeline/actions.js';
import { arp, arpTarget, familyOf, toAddress } from '../pipeline/matches.js';
import { defineTable, row } from '../pipeline/table.js';

export const hostOut = defineTable({
  name: 'host-out',
  stage: 'uplink',
  roles: ['gateway'],
  summary: "The gateway's own packets: to the uplink, except to addresses that the gateway holds itself.",
  matches: ['eth_type', 'arp_op', 'arp_tpa', 'ip_dst', 'ipv6_dst'],
  sets: ['reg0', 'reg7'],
  next: ['gate'],
  outputs: ['uplink'],
  miss: 'drop',
  rows: {
    node: ({ gateway }) => (gateway ? [row(10, [], output(ofports.uplink))] : []),
    address: (scope) => {
      const ask = [load(origin, origin.values.host), load(slot, scope.slot), goto('gate')] as const;
      return [
        ...(familyOf(scope.address) === 4 ? [row(100, [...arp(1), arpTarget(scope.address)], ...ask)] : []),
        row(90, toAddress(scope.address), ...ask),
      ];
    },
  },
});
