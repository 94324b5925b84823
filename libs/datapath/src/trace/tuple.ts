/** The tuple that conntrack keys a connection by, and its way into and out of a packet's fields. */
import { type FieldName } from '@sluice/ovs';
import { ipProtocols } from '../pipeline/matches.js';
import { type Headers } from './headers.js';

export interface Tuple {
  readonly family: 4 | 6;
  readonly protocol: number;
  readonly source: bigint;
  readonly target: bigint;
  readonly sport: number;
  readonly dport: number;
}

export const inverse = (tuple: Tuple): Tuple => ({
  ...tuple,
  source: tuple.target,
  target: tuple.source,
  sport: tuple.dport,
  dport: tuple.sport,
});

export const tupleKey = ({ protocol, source, target, sport, dport }: Tuple): string =>
  [protocol, source.toString(16), target.toString(16), sport, dport].join('/');

interface PortFields {
  readonly sport: FieldName;
  readonly dport: FieldName;
}
const portFields = (protocol: number): PortFields | undefined => {
  if (protocol === ipProtocols.tcp) return { sport: 'tcp_src', dport: 'tcp_dst' };
  if (protocol === ipProtocols.udp) return { sport: 'udp_src', dport: 'udp_dst' };
  return undefined;
};

/** Undefined for what conntrack does not track. An echo's identifier stands for both ports. */
export function readTuple(headers: Headers, echoId: number): Tuple | undefined {
  const protocol = headers.get('ip_proto');
  if (protocol === undefined) return undefined;
  const v4 = headers.get('ip_src') !== undefined;
  const names = portFields(Number(protocol));
  const source = headers.get(v4 ? 'ip_src' : 'ipv6_src');
  const target = headers.get(v4 ? 'ip_dst' : 'ipv6_dst');
  if (source === undefined || target === undefined) return undefined;
  return {
    family: v4 ? 4 : 6,
    protocol: Number(protocol),
    source,
    target,
    sport: names ? Number(headers.get(names.sport) ?? 0n) : echoId,
    dport: names ? Number(headers.get(names.dport) ?? 0n) : echoId,
  };
}

export function writeTuple(headers: Headers, tuple: Tuple): void {
  headers.set(tuple.family === 4 ? 'ip_src' : 'ipv6_src', tuple.source);
  headers.set(tuple.family === 4 ? 'ip_dst' : 'ipv6_dst', tuple.target);
  const names = portFields(tuple.protocol);
  if (names === undefined) return;
  headers.set(names.sport, BigInt(tuple.sport));
  headers.set(names.dport, BigInt(tuple.dport));
}
