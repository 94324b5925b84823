import { ofports } from '../layout/ids.js';
import { origin } from '../layout/registers.js';
import { goto, load, output } from '../pipeline/actions.js';
import { arp, arpTarget, familyOf, toAddress } from '../pipeline/matches.js';
import { defineTable, row } from '../pipeline/table.js';

export const hostOut = defineTable({
  name: 'host-out',
  stage: 'uplink',
  roles: ['gateway'],
  summary: "The gateway's own packets: to the uplink, except to addresses that the gateway holds itself.",
  matches: ['eth_type', 'arp_op', 'arp_tpa', 'ip_dst', 'ipv6_dst'],
  sets: ['reg0'],
  next: ['uplink-in'],
  outputs: ['uplink'],
  miss: 'drop',
  rows: {
    node: ({ gateway }) => (gateway ? [row(10, [], output(ofports.uplink))] : []),
    address: ({ address }) => [
      ...(familyOf(address) === 4 ? [row(100, [...arp(1), arpTarget(address)], goto('uplink-in'))] : []),
      row(90, toAddress(address), load(origin, origin.values.turnedAround), goto('uplink-in')),
    ],
  },
});
