/**
 * Behind the gate: what the form of a slot allows, by where the packet came from. The responders know no address: they
 * turn the packet's own around, so that one row serves all slots.
 */
import { type Action } from '@sluice/ovs';
import {
  fallback,
  gateForm,
  nextHop4,
  nextHop6,
  objectId,
  origin,
  peerNode,
  replay,
} from '../layout/registers.js';
import { ofports } from '../layout/ids.js';
import {
  backToSender,
  ctClear,
  forgetPort,
  goto,
  load,
  move,
  output,
  part,
  set,
  setMac,
  toHost,
  track,
  whole,
} from '../pipeline/actions.js';
import { arp, arpFromNobody, both, families, has, icmp, icmpv6, ip, toMac } from '../pipeline/matches.js';
import { type NodeScope } from '../pipeline/scope.js';
import { type Row, defineTable, row } from '../pipeline/table.js';

const from = (name: keyof typeof origin.values) => has(origin, origin.values[name]);
const form = (name: keyof typeof gateForm.values) => has(gateForm, gateForm.values[name]);

/** RFC 826, turned around in place: who was asked for answers. */
const arpAnswer = (mac: string): readonly Action[] => [
  move(whole('eth_src'), whole('eth_dst')),
  setMac('eth_src', mac),
  set('arp_op', 2),
  move(whole('arp_sha'), whole('arp_tha')),
  setMac('arp_sha', mac),
  move(whole('arp_tpa'), part(nextHop4)),
  move(whole('arp_spa'), whole('arp_tpa')),
  move(part(nextHop4), whole('arp_spa')),
  backToSender,
];

const echoAnswer4 = (mac: string): readonly Action[] => [
  move(whole('eth_src'), whole('eth_dst')),
  setMac('eth_src', mac),
  move(whole('ip_dst'), part(nextHop4)),
  move(whole('ip_src'), whole('ip_dst')),
  move(part(nextHop4), whole('ip_src')),
  set('nw_ttl', 64),
  set('icmp_type', 0),
  backToSender,
];

const echoAnswer6 = (mac: string): readonly Action[] => [
  move(whole('eth_src'), whole('eth_dst')),
  setMac('eth_src', mac),
  move(whole('ipv6_dst'), part(nextHop6)),
  move(whole('ipv6_src'), whole('ipv6_dst')),
  move(part(nextHop6), whole('ipv6_src')),
  set('icmpv6_type', 129),
  backToSender,
];

/** The kernel answers solicitations by proxy entries: its datapath cannot write neighbour discovery options. */
const responders = (mac: string): Row[] => [
  row(300, [...arp(1), form('open')], ...arpAnswer(mac)),
  row(300, [...icmpv6(135), form('open')], toHost),
  row(280, [...icmp(8), form('open')], ...echoAnswer4(mac)),
  row(280, [...icmpv6(128), form('open')], ...echoAnswer6(mac)),
  // Another gateway asks whether anybody has the slot: by unicast, so that nobody answers for us.
  row(300, [...arp(1), arpFromNobody, toMac(mac), form('armed')], ...arpAnswer(mac)),
  row(300, [...icmpv6(135), toMac(mac), form('armed')], toHost),
];

/** What comes in for the address: from the uplink, and what turned around. */
const inbound = (): Row[] =>
  families.flatMap((family) => [
    row(200, [ip(family), form('open')], goto('size-check')),
    row(200, [ip(family), form('retiring')], goto('size-check')),
  ]);

/**
 * What leaves with the address: of Pods, whose egress has the slot. A gate that is about to open takes replays already,
 * so that their connections are known when it opens.
 */
const outbound = ({ config }: NodeScope): Row[] => [
  ...families.map((family) =>
    row(
      410,
      [from('podEgress'), both(has(replay, replay.values.yes), form('armed')), ip(family)],
      track(config.zones.nat, 'ct-state', true),
    ),
  ),
  ...families.flatMap((family) =>
    (['open', 'retiring'] as const).map((name) =>
      row(400, [from('podEgress'), ip(family), form(name)], track(config.zones.nat, 'ct-state', true)),
    ),
  ),
  // The holder's, not ours: it may have another port there, and two would send.
  row(405, [from('podEgress'), both(has(fallback, fallback.values.yes), form('retiring'))]),
  row(390, [from('podEgress')]),
];

/** Questions whether a destination is held here; the answer no is the ordinary way out. */
const questions: readonly Row[] = [
  row(
    400,
    [from('hairpin'), form('open')],
    ctClear,
    forgetPort,
    load(origin, origin.values.turnedAround),
    load(objectId, 0),
    load(peerNode, 0),
    goto('uplink-in'),
  ),
  row(390, [from('hairpin')], goto('next-hop')),
  row(400, [from('host'), form('open')], load(origin, origin.values.turnedAround), goto('uplink-in')),
  row(390, [from('host')], output(ofports.uplink)),
];

export const held = defineTable({
  name: 'held',
  stage: 'uplink',
  roles: ['gateway'],
  summary:
    "What a slot's form allows: an open one answers and passes, a retiring one passes, an armed one answers other gateways' probes.",
  matches: [
    'reg0',
    'reg5',
    'eth_type',
    'eth_dst',
    'arp_op',
    'arp_spa',
    'ip_proto',
    'icmp_type',
    'icmpv6_type',
  ],
  sets: [
    'reg0',
    'reg1',
    'reg2',
    'reg11',
    'xxreg2',
    'in_port',
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
  next: ['uplink-in', 'size-check', 'ct-state', 'next-hop'],
  outputs: ['uplink', 'host', 'in port'],
  miss: 'drop',
  rows: {
    node: (scope) =>
      scope.uplink === undefined
        ? []
        : [...outbound(scope), ...questions, ...responders(scope.uplink.mac), ...inbound()],
  },
});
