/** Builders of match fields. Declared bits go by `has`, header fields by the named builders. */
import { type Cidr, type Family, familyBits, parseIp, prefixMask } from '@sluice/core';
import { type TransportProtocol } from '@sluice/model';
import { type FieldName, type MatchField, fieldBits } from '@sluice/ovs';
import { type BitField } from '../layout/registers.js';

export type Match = readonly MatchField[];

export const ones = (bits: number): bigint => (1n << BigInt(bits)) - 1n;

export const ethTypes = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;
export const ipProtocols = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58, TCP: 6, UDP: 17, SCTP: 132 } as const;

/** Header fields of a Service's protocols. */
export const portFields = {
  TCP: { source: 'tcp_src', destination: 'tcp_dst' },
  UDP: { source: 'udp_src', destination: 'udp_dst' },
  SCTP: { source: 'sctp_src', destination: 'sctp_dst' },
} as const satisfies Record<TransportProtocol, Record<'source' | 'destination', FieldName>>;

const field = (name: FieldName, value: number | bigint, mask?: bigint): MatchField =>
  mask === undefined ? { field: name, value: BigInt(value) } : { field: name, value: BigInt(value), mask };

/** The bits hold the value; the rest of the field does not matter. */
export function has(at: BitField, value: number | bigint): MatchField {
  return field(at.field, BigInt(value) << at.shift, at.mask);
}

/** Two groups of bits of one field. */
export function both(one: MatchField, other: MatchField): MatchField {
  if (one.field !== other.field) throw new Error(`${one.field} and ${other.field} are different fields`);
  const all = ones(fieldBits(one.field));
  return field(one.field, one.value | other.value, (one.mask ?? all) | (other.mask ?? all));
}

export const macValue = (text: string): bigint => BigInt(`0x${text.replaceAll(':', '')}`);

export const fromPort = (port: number): MatchField => field('in_port', port);
export const toMac = (mac: string): MatchField => field('eth_dst', macValue(mac));
export const fromMac = (mac: string): MatchField => field('eth_src', macValue(mac));
/** The group bit of IEEE 802: multicast and broadcast. */
export const toManyMacs: MatchField = field('eth_dst', 1n << 40n, 1n << 40n);

export const ip = (family: Family): MatchField =>
  field('eth_type', family === 4 ? ethTypes.ipv4 : ethTypes.ipv6);
export const families: readonly Family[] = [4, 6];
export const familyOf = (address: string): Family => (address.includes(':') ? 6 : 4);

const prefix = (names: readonly [FieldName, FieldName], cidr: Cidr): Match => {
  const { family, network, prefixLength } = cidr;
  const name = names[family === 4 ? 0 : 1];
  const exact = prefixLength === familyBits(family);
  return [ip(family), field(name, network, exact ? undefined : prefixMask(family, prefixLength))];
};
const host = (address: string): Cidr => {
  const { family, value } = parseIp(address);
  return { family, network: value, prefixLength: familyBits(family) };
};

const sources = ['ip_src', 'ipv6_src'] as const;
const destinations = ['ip_dst', 'ipv6_dst'] as const;
export const fromSubnet = (cidr: Cidr): Match => prefix(sources, cidr);
export const toSubnet = (cidr: Cidr): Match => prefix(destinations, cidr);
export const fromAddress = (address: string): Match => fromSubnet(host(address));
export const toAddress = (address: string): Match => toSubnet(host(address));

/** Beside a match that says the family already. */
export const withoutType = (match: Match): Match => match.filter(({ field: name }) => name !== 'eth_type');

/** Beside a match that says the protocol already. */
export const withoutProtocol = (match: Match): Match =>
  match.filter(({ field: name }) => name !== 'ip_proto');

/** First, middle and last fragments alike: bit 0 of OVS's nw_frag is "any fragment". */
export const fragment: MatchField = field('ip_frag', 1, 1n);

export const arp = (operation: 1 | 2): Match => [field('eth_type', ethTypes.arp), field('arp_op', operation)];
export const anyArp: MatchField = field('eth_type', ethTypes.arp);
/** RFC 5227 probe: nobody's address as sender. */
export const arpFromNobody: MatchField = field('arp_spa', 0);
export const arpToNobody: MatchField = field('arp_tpa', 0);
export const arpTarget = (address: string): MatchField => field('arp_tpa', parseIp(address).value);

export const icmp = (type: number): Match => [
  ip(4),
  field('ip_proto', ipProtocols.icmp),
  field('icmp_type', type),
];
export const icmpv6 = (type: number): Match => [
  ip(6),
  field('ip_proto', ipProtocols.icmpv6),
  field('icmpv6_type', type),
];
/** Bits of `tcpFlags` (RFC 9293). */
export const tcp = { syn: 0x02, ack: 0x10 } as const;
export const tcpFlags = (value: number, mask: number): Match => [
  field('ip_proto', ipProtocols.tcp),
  field('tcp_flags', value, BigInt(mask)),
];
export const protocol = (name: keyof typeof ipProtocols): MatchField => field('ip_proto', ipProtocols[name]);
export const toPort = (name: TransportProtocol, port: number): Match => [
  protocol(name),
  field(portFields[name].destination, port),
];
export const ndTargetIn = ({ network, prefixLength }: Cidr): MatchField =>
  field('nd_target', network, prefixMask(6, prefixLength));
export const ndTarget = (address: string): MatchField => field('nd_target', parseIp(address).value);

/** Bits of ct_state, lib/packets.h. */
export const ctStateBits = { new: 0x01, est: 0x02, rel: 0x04, rpl: 0x08, inv: 0x10, trk: 0x20 } as const;
export type CtFlag = keyof typeof ctStateBits;

/** `ctState('+trk-new')` as ovs-ofctl writes it. */
export function ctState(text: string): MatchField {
  let value = 0;
  let mask = 0;
  for (const [, sign, name = ''] of text.matchAll(/([+-])([a-z]+)/g)) {
    const bit = ctStateBits[name as CtFlag];
    mask |= bit;
    if (sign === '+') value |= bit;
  }
  return field('ct_state', value, BigInt(mask));
}
