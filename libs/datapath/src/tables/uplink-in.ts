/**
 * What arrives from the uplink, from the gateway's own host and from the slow port. Priorities: 300 ARP requests and
 * neighbour solicitations for addresses of slots, 296 announcements of other gateways, 295 answers to probes, 290 answers to the gateway's own, 200 other
 * traffic of addresses, 110 and 105 solicitations for others, 100 and 90 the gateway's host.
 */
import { parseCidr } from '@sluice/core';
import { type LearnAction } from '@sluice/ovs';
import { learnedCookie } from '../layout/cookies.js';
import { probeAddress } from '../layout/ids.js';
import { nextHop4, nextHop6, resolved, slot } from '../layout/registers.js';
import { goto, load, part, toHost, toProcess, whole } from '../pipeline/actions.js';
import {
  anyArp,
  arp,
  arpTarget,
  arpToNobody,
  ethTypes,
  familyOf,
  fromMac,
  icmpv6,
  ndTarget,
  ndTargetIn,
  toAddress,
  toMac,
  toPort,
  toManyMacs,
  toSubnet,
  withoutType,
} from '../pipeline/matches.js';
import { type AddressScope, type NodeScope, type PeerScope, type ServiceScope } from '../pipeline/scope.js';
import { tableIds } from '../pipeline/table-ids.js';
import { type Row, defineTable, row } from '../pipeline/table.js';

const ethSrc = whole('eth_src');
const ethDst = whole('eth_dst');

/** What may be for a held address: the gate decides. */
const forGate = ({ address, slot: number }: AddressScope): Row[] => {
  const ask = [load(slot, number), goto('gate')] as const;
  return familyOf(address) === 4
    ? [row(300, [...arp(1), arpTarget(address)], ...ask), row(200, toAddress(address), ...ask)]
    : [row(300, [...icmpv6(135), ndTarget(address)], ...ask), row(200, toAddress(address), ...ask)];
};

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

function hostRows({ uplink, config, nodeId }: NodeScope): Row[] {
  if (uplink === undefined) return [];
  const own = uplink.addresses.map((text) => text.split('/')[0] ?? '');
  return [
    // Probes ask in nobody's name (ARP) or in a name of their own (NDP): the process counts who answers.
    row(295, [...arp(2), toMac(uplink.mac), arpToNobody], toProcess),
    row(295, [...icmpv6(136), toMac(uplink.mac), ...withoutType(toAddress(probeAddress(nodeId)))], toProcess),
    // Only answers to our own unicast MAC are learned: nobody can plant a neighbour by broadcast.
    row(290, [...arp(2), toMac(uplink.mac)], learnArp(config.neighbourSeconds), toHost),
    row(290, [...icmpv6(136), toMac(uplink.mac)], learnNa(config.neighbourSeconds), toHost),
    // The kernel has proxy entries for all addresses of slots, and must not hear of those that are not held here.
    ...own
      .filter((address) => familyOf(address) === 6)
      .map((address) => row(110, [...icmpv6(135), ndTarget(address)], toHost)),
    row(110, [...icmpv6(135), ndTargetIn(parseCidr('fe80::/10'))], toHost),
    row(105, [...icmpv6(135), toManyMacs]),
    ...own.map((address) => row(100, toAddress(address), toHost)),
    row(100, toSubnet(parseCidr('fe80::/10')), toHost),
    row(90, [toManyMacs], toHost),
    row(90, [anyArp], toHost),
  ];
}

/** Another gateway announces an address: whoever believes to hold it must hear that (row 13 of the slot protocol). */
const announcedBy = ({ uplinkMac }: PeerScope): Row[] =>
  uplinkMac === undefined
    ? []
    : [
        row(296, [...arp(2), fromMac(uplinkMac), toManyMacs], toProcess),
        row(296, [...icmpv6(136), fromMac(uplinkMac), toManyMacs], toProcess),
      ];

/** Node ports are on the gateway's own addresses, which no slot has: no gate. */
const nodePorts = ({ service, hostAddresses }: ServiceScope): Row[] => {
  const { nodePort, protocol } = service;
  if (nodePort === undefined) return [];
  return hostAddresses.map((address) =>
    row(150, [...toAddress(address), ...toPort(protocol, nodePort)], goto('size-check')),
  );
};

export const uplinkIn = defineTable({
  name: 'uplink-in',
  stage: 'uplink',
  roles: ['gateway'],
  summary:
    'Sends what is for an address of a slot to the gate, node ports to services and host traffic to the host; learns neighbours.',
  matches: [
    'eth_src',
    'eth_dst',
    'eth_type',
    'ip_proto',
    'ip_dst',
    'ipv6_dst',
    'arp_op',
    'arp_tpa',
    'icmpv6_type',
    'nd_target',
    'tcp_dst',
    'udp_dst',
    'sctp_dst',
  ],
  sets: ['reg7'],
  next: ['gate', 'neighbour', 'size-check'],
  outputs: ['host', 'process'],
  miss: 'drop',
  rows: {
    node: hostRows,
    peer: announcedBy,
    address: forGate,
    service: nodePorts,
  },
});
