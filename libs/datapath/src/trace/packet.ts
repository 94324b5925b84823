/** Packets to put into a trace. */
import { parseIp } from '@sluice/core';
import { ethTypes, ipProtocols, macValue } from '../pipeline/matches.js';
import { type FieldValues } from './headers.js';

export interface TracePacket {
  /** OpenFlow port that it comes in by. */
  readonly inPort: number;
  readonly fields: FieldValues;
  /** Bytes of the frame; 60 when absent. */
  readonly length?: number;
  /** Conntrack calls it invalid. */
  readonly invalid?: boolean;
  /** ICMP echo identifier, which Open vSwitch does not match but conntrack does. */
  readonly echoId?: number;
  /** An ICMP error: the packet that it is about, as its receiver saw it. */
  readonly about?: FieldValues;
}

export interface Ends {
  readonly from: string;
  readonly to: string;
}
export interface Frame {
  readonly inPort: number;
  readonly source?: string;
  readonly destination?: string;
  /** The tunnel id that it arrived with. */
  readonly tunnel?: number;
}

const someMac = '02:00:00:00:00:99';

const frame = ({ source = someMac, destination = someMac, tunnel }: Frame): FieldValues => ({
  eth_src: macValue(source),
  eth_dst: macValue(destination),
  ...(tunnel !== undefined && { tun_id: BigInt(tunnel) }),
});

/** Addresses of either family. */
export function ipFields({ from, to }: Ends): FieldValues {
  const source = parseIp(from);
  const target = parseIp(to);
  return source.family === 4
    ? { eth_type: BigInt(ethTypes.ipv4), ip_src: source.value, ip_dst: target.value, nw_ttl: 64n }
    : { eth_type: BigInt(ethTypes.ipv6), ipv6_src: source.value, ipv6_dst: target.value, nw_ttl: 64n };
}

export interface Ports {
  readonly sport: number;
  readonly dport: number;
}

export const tcpFields = (ends: Ends, { sport, dport }: Ports): FieldValues => ({
  ...ipFields(ends),
  ip_proto: BigInt(ipProtocols.tcp),
  tcp_src: BigInt(sport),
  tcp_dst: BigInt(dport),
});

export const udpFields = (ends: Ends, { sport, dport }: Ports): FieldValues => ({
  ...ipFields(ends),
  ip_proto: BigInt(ipProtocols.udp),
  udp_src: BigInt(sport),
  udp_dst: BigInt(dport),
});

export const icmpFields = (ends: Ends, types: { readonly v4: number; readonly v6: number }): FieldValues =>
  ends.from.includes(':')
    ? {
        ...ipFields(ends),
        ip_proto: BigInt(ipProtocols.icmpv6),
        icmpv6_type: BigInt(types.v6),
        icmpv6_code: 0n,
      }
    : { ...ipFields(ends), ip_proto: BigInt(ipProtocols.icmp), icmp_type: BigInt(types.v4), icmp_code: 0n };

/** A packet of the given content in a frame. */
export const packet = (
  where: Frame,
  content: FieldValues,
  rest: Partial<Omit<TracePacket, 'fields' | 'inPort'>> = {},
): TracePacket => ({ inPort: where.inPort, fields: { ...frame(where), ...content }, ...rest });

export const echoTypes = { request: { v4: 8, v6: 128 }, reply: { v4: 0, v6: 129 } } as const;
export const unreachable = { v4: 3, v6: 1 } as const;

export function arpPacket(where: Frame, operation: 1 | 2, { from, to }: Ends): TracePacket {
  const sender = where.source ?? someMac;
  return packet(where, {
    eth_type: BigInt(ethTypes.arp),
    arp_op: BigInt(operation),
    arp_sha: macValue(sender),
    arp_tha: 0n,
    arp_spa: parseIp(from).value,
    arp_tpa: parseIp(to).value,
  });
}

/** Neighbour solicitation (135) or advertisement (136) about `target`. */
export const ndPacket = (
  where: Frame,
  type: 135 | 136,
  { from, to, target }: Ends & { readonly target: string },
): TracePacket =>
  packet(where, {
    ...icmpFields({ from, to }, { v4: 0, v6: type }),
    nd_target: parseIp(target).value,
  });
