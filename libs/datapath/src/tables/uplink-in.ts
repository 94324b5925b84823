/**
 * What arrives from the uplink, from the gateway's own host and from the slow port. Priorities: 300 ARP requests and
 * neighbour solicitations for held addresses, 290 answers to the gateway's own, 280 echo, 200 other traffic of held
 * addresses, 100 and 90 the gateway's host.
 */
import { parseCidr, parseIp } from '@sluice/core';
import { type Action, type LearnAction } from '@sluice/ovs';
import { learnedCookie } from '../layout/cookies.js';
import { nextHop4, nextHop6, resolved, slot } from '../layout/registers.js';
import { backToSender, goto, load, move, part, set, setMac, toHost, whole } from '../pipeline/actions.js';
import {
  anyArp,
  arp,
  arpTarget,
  ethTypes,
  familyOf,
  icmp,
  icmpv6,
  ndTarget,
  toAddress,
  toMac,
  toManyMacs,
  toSubnet,
} from '../pipeline/matches.js';
import { type AddressScope, type NodeScope } from '../pipeline/scope.js';
import { tableIds } from '../pipeline/table-ids.js';
import { type Row, defineTable, row } from '../pipeline/table.js';

const ethSrc = whole('eth_src');
const ethDst = whole('eth_dst');

/** RFC 826, turned around in place: the asker's addresses become the target. */
const arpAnswer = (mac: string, address: string): readonly Action[] => [
  move(ethSrc, ethDst),
  setMac('eth_src', mac),
  set('arp_op', 2),
  move(whole('arp_sha'), whole('arp_tha')),
  setMac('arp_sha', mac),
  move(whole('arp_spa'), whole('arp_tpa')),
  set('arp_spa', parseIp(address).value),
  backToSender,
];

const echoAnswer4 = (mac: string, address: string): readonly Action[] => [
  move(ethSrc, ethDst),
  setMac('eth_src', mac),
  move(whole('ip_src'), whole('ip_dst')),
  set('ip_src', parseIp(address).value),
  set('nw_ttl', 64),
  set('icmp_type', 0),
  backToSender,
];

const echoAnswer6 = (mac: string, address: string): readonly Action[] => [
  move(ethSrc, ethDst),
  setMac('eth_src', mac),
  move(whole('ipv6_src'), whole('ipv6_dst')),
  set('ipv6_src', parseIp(address).value),
  set('icmpv6_type', 129),
  backToSender,
];

/** The kernel answers solicitations by proxy entries: its datapath cannot write neighbour discovery options. */
const responders = ({ address, uplinkMac }: AddressScope): Row[] =>
  familyOf(address) === 4
    ? [
        row(300, [...arp(1), arpTarget(address)], ...arpAnswer(uplinkMac, address)),
        row(280, withDestination(icmp(8), address), ...echoAnswer4(uplinkMac, address)),
      ]
    : [
        row(300, [...icmpv6(135), ndTarget(address)], toHost),
        row(280, withDestination(icmpv6(128), address), ...echoAnswer6(uplinkMac, address)),
      ];

const withDestination = (match: Row['match'], address: string): Row['match'] => [
  ...match,
  ...toAddress(address).filter(({ field }) => field !== 'eth_type'),
];

const learnBase = (seconds: number) =>
  ({
    type: 'learn',
    table: tableIds.neighbour,
    priority: 100,
    hardTimeout: seconds,
    cookie: learnedCookie,
  }) as const;
const ethType = (value: number) =>
  ({ kind: 'match-value', dst: whole('eth_type'), value: BigInt(value) }) as const;
const resolvedFlag = { kind: 'load-value', dst: part(resolved), value: 1n } as const;

/** The neighbour's answer becomes a flow of table 44; whoever waits is the kernel, which gets the answer, too. */
const learnArp = (seconds: number): LearnAction => ({
  ...learnBase(seconds),
  specs: [
    ethType(ethTypes.ipv4),
    { kind: 'match-field', dst: part(nextHop4), src: whole('arp_spa') },
    { kind: 'load-field', dst: ethDst, src: whole('arp_sha') },
    resolvedFlag,
  ],
});
const learnNa = (seconds: number): LearnAction => ({
  ...learnBase(seconds),
  specs: [
    ethType(ethTypes.ipv6),
    { kind: 'match-field', dst: part(nextHop6), src: whole('nd_target') },
    { kind: 'load-field', dst: ethDst, src: ethSrc },
    resolvedFlag,
  ],
});

function hostRows({ uplink, config }: NodeScope): Row[] {
  if (uplink === undefined) return [];
  const own = uplink.addresses.map((text) => text.split('/')[0] ?? '');
  return [
    // Only answers to our own unicast MAC are learned: nobody can plant a neighbour by broadcast.
    row(290, [...arp(2), toMac(uplink.mac)], learnArp(config.neighbourSeconds), toHost),
    row(290, [...icmpv6(136), toMac(uplink.mac)], learnNa(config.neighbourSeconds), toHost),
    ...own.map((address) => row(100, toAddress(address), toHost)),
    row(100, toSubnet(parseCidr('fe80::/10')), toHost),
    row(90, [toManyMacs], toHost),
    row(90, [anyArp], toHost),
  ];
}

export const uplinkIn = defineTable({
  name: 'uplink-in',
  stage: 'uplink',
  roles: ['gateway'],
  summary:
    'Answers ARP and echo for held addresses, gives neighbour solicitations and host traffic to the host, learns neighbours.',
  matches: [
    'eth_dst',
    'eth_type',
    'ip_proto',
    'ip_dst',
    'ipv6_dst',
    'arp_op',
    'arp_tpa',
    'icmp_type',
    'icmpv6_type',
    'nd_target',
  ],
  sets: [
    'reg7',
    'eth_src',
    'eth_dst',
    'arp_op',
    'arp_sha',
    'arp_tha',
    'arp_spa',
    'arp_tpa',
    'ip_src',
    'ip_dst',
    'ipv6_src',
    'ipv6_dst',
    'nw_ttl',
    'icmp_type',
    'icmpv6_type',
  ],
  next: ['size-check', 'neighbour'],
  outputs: ['host', 'in port'],
  miss: 'drop',
  rows: {
    node: hostRows,
    address: (scope) => [
      ...responders(scope),
      row(200, toAddress(scope.address), load(slot, scope.slot), goto('size-check')),
    ],
  },
});
