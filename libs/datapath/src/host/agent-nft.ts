/**
 * Table `sluice_agent`: the kernel decides whether a packet goes into sluice0.
 *
 *   prerouting -90 (after DNAT: the real destination counts)
 *     from sluice0                     remember if the client sent it, accept
 *     reply of such a connection       -> back: mark, table of the replies
 *     from the client by another way   forget: answers go where its last packet came from
 *     Pod of this node, not in-cluster -> pod4/pod6: verdict by address and interface, unknown: drop
 *   postrouting 99   identity SNAT: ends NAT set-up before the CNI's masquerade at 100
 *   postrouting -150 MSS that fits the tunnel, both directions
 */
import { type Family, parseCidr } from '@sluice/core';
import { type NftChain, type NftElement, type NftExpression, type NftSet, type NftTable } from '@sluice/nft';
import { type DatapathConfig } from '../config.js';
import { podPortName } from '../layout/ids.js';
import { markValues } from '../layout/marks.js';
import { families, familyOf } from '../pipeline/matches.js';
import { type PodScope } from '../pipeline/scope.js';
import { mergeCidrs } from './cidrs.js';
import {
  accept,
  bitSet,
  clearBits,
  counter,
  ct,
  destinationTypeIsOneOf,
  drop,
  eq,
  goto,
  iif,
  match,
  meta,
  oif,
  payload,
  setBits,
  verdictOf,
} from './expressions.js';
import { tunnelChains } from './tunnel-nft.js';

export const agentTableName = 'sluice_agent';

const word = (family: Family): 'ip' | 'ip6' => (family === 4 ? 'ip' : 'ip6');
const addressType = (family: Family): 'ipv4_addr' | 'ipv6_addr' => (family === 4 ? 'ipv4_addr' : 'ipv6_addr');
const source = (family: Family): NftExpression => payload(word(family), 'saddr');
const nfproto = (family: Family): NftExpression => eq(meta('nfproto'), family === 4 ? 'ipv4' : 'ipv6');

/** Verdict maps: by address and interface; by address alone for Pods whose interface the intent does not name. */
const boundMap = (family: Family): string => `pods${String(family)}`;
const looseMap = (family: Family): string => `pods${String(family)}_any`;

const cidrSet = (name: string, family: Family, cidrs: readonly string[]): NftSet => ({
  name: `${name}${String(family)}`,
  type: [addressType(family)],
  interval: true,
  elements: mergeCidrs(cidrs.filter((text) => parseCidr(text).family === family)).map((cidr) => ({
    key: [cidr],
  })),
});

/** Link-local destinations never leave the link, whatever the configuration says. */
const alwaysLocal = ['169.254.0.0/16', 'fe80::/10'];

export interface AgentNets {
  readonly clusterCidrs: readonly string[];
  readonly podCidrs: readonly string[];
}

const sets = ({ clusterCidrs, podCidrs }: AgentNets): NftSet[] =>
  families.flatMap((family): NftSet[] => [
    cidrSet('cluster', family, [...clusterCidrs, ...alwaysLocal]),
    cidrSet('podnets', family, podCidrs),
    { name: boundMap(family), type: [addressType(family), 'ifname'], verdictMap: true, elements: [] },
    { name: looseMap(family), type: [addressType(family)], verdictMap: true, elements: [] },
  ]);

const podChain = (family: Family): NftChain => ({
  name: `pod${String(family)}`,
  rules: [
    [verdictOf({ concat: [source(family), meta('iifname')] }, boundMap(family))],
    [verdictOf(source(family), looseMap(family))],
    [counter('unknown'), drop],
  ],
});

const isReply = eq(ct('direction'), 'reply');

/**
 * Netfilter takes packets of a client by a Service and straight to its endpoint for one connection when both ports are the same, so
 * that every packet of the client tells the way, and not the first one alone.
 */
const prerouting = (captured: number): NftChain => ({
  name: 'pre',
  base: { type: 'filter', hook: 'prerouting', priority: -90, policy: 'accept' },
  rules: [
    [iif(podPortName), eq(ct('direction'), 'original'), setBits(ct('mark'), captured)],
    [iif(podPortName), accept],
    [isReply, bitSet(ct('mark'), captured), goto('back')],
    [isReply, accept],
    [bitSet(ct('mark'), captured), clearBits(ct('mark'), captured)],
    // Not whether there is a route: a node may have no way out but by the gateways.
    [destinationTypeIsOneOf('local', 'anycast', 'broadcast', 'multicast'), accept],
    ...families.map((family) => [
      eq(source(family), `@podnets${String(family)}`),
      match('!=', payload(word(family), 'daddr'), `@cluster${String(family)}`),
      goto(`pod${String(family)}`),
    ]),
  ],
});

/** TCP segment that fits: MTU without the IP and TCP headers. */
const mss = (innerMtu: number, family: Family): number => innerMtu - (family === 4 ? 40 : 60);

const clamp = (side: NftExpression, family: Family, innerMtu: number): NftExpression[] => [
  side,
  nfproto(family),
  eq({ '&': [payload('tcp', 'flags'), { '|': ['syn', 'rst'] }] }, 'syn'),
  { mangle: { key: { 'tcp option': { name: 'maxseg', field: 'size' } }, value: mss(innerMtu, family) } },
];

const chains = (config: DatapathConfig, innerMtu: number): NftChain[] => {
  const marks = markValues(config.marks);
  return [
    { name: 'capture', rules: [[setBits(meta('mark'), marks.egress)]] },
    { name: 'back', rules: [[setBits(meta('mark'), marks.reply)]] },
    { name: 'direct', rules: [[accept]] },
    ...families.map(podChain),
    prerouting(marks.egress),
    {
      // Replies of host-network endpoints, and the kernel's ICMP errors about packets from sluice0.
      name: 'out',
      base: { type: 'route', hook: 'output', priority: -90, policy: 'accept' },
      rules: [[isReply, bitSet(ct('mark'), marks.egress), setBits(meta('mark'), marks.reply)]],
    },
    {
      name: 'nonat',
      base: { type: 'nat', hook: 'postrouting', priority: 99, policy: 'accept' },
      rules: families.map((family) => [
        oif(podPortName),
        nfproto(family),
        { snat: { family: word(family), addr: source(family) } },
      ]),
    },
    {
      name: 'mss',
      base: { type: 'filter', hook: 'postrouting', priority: -150, policy: 'accept' },
      rules: [oif(podPortName), iif(podPortName)].flatMap((side) =>
        families.map((family) => clamp(side, family, innerMtu)),
      ),
    },
    ...tunnelChains(config.datapath),
  ];
};

/** The table without Pods; those are elements of the verdict maps and come unit by unit. */
export const agentTable = (nets: AgentNets, config: DatapathConfig, innerMtu: number): NftTable => ({
  family: 'inet',
  name: agentTableName,
  counters: ['unknown'],
  sets: sets(nets),
  chains: chains(config, innerMtu),
});

export interface SetElement {
  readonly table: string;
  readonly set: string;
  readonly element: NftElement;
}

/** The verdict of one Pod address. An entry goes with its Pod, so a reused address inherits nothing. */
export function podElement(pod: PodScope): SetElement {
  const family = familyOf(pod.address);
  const bound = pod.interface !== undefined;
  return {
    table: agentTableName,
    set: bound ? boundMap(family) : looseMap(family),
    element: {
      key: pod.interface === undefined ? [pod.address] : [pod.address, pod.interface],
      goto: pod.captured ? 'capture' : 'direct',
    },
  };
}
