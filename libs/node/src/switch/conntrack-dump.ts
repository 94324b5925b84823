/** Lines of Open vSwitch's conntrack (ovs-dpctl(8), dump-conntrack). */
import { canonicalIp } from '@sluice/core';
import { protocols, type Tuple } from '@sluice/netlink';

export interface DumpedConnection {
  readonly protocol: 'tcp' | 'udp';
  /** Of the first packet; canonical. */
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Where answers come from: with destination NAT, what it made of the destination. */
  readonly answersFrom: { readonly address: string; readonly port: number };
  /** Where answers go: with source NAT, what it made of the source. */
  readonly answersTo: { readonly address: string; readonly port: number };
  readonly mark: number;
  /** Of TCP: CT_DPIF_TCPS_..., without the prefix. */
  readonly state: string | undefined;
}

const form =
  /^(tcp|udp),orig=\(src=([^,)]+),dst=([^,)]+),sport=(\d+),dport=(\d+)\),reply=\(src=([^,)]+),dst=([^,)]+),sport=(\d+),dport=(\d+)\)(.*)$/;

/** undefined: a connection of another protocol, or not a line of a dump. */
export function dumpedConnection(line: string): DumpedConnection | undefined {
  const [, protocol, source = '', destination = '', sport, dport, ...reply] = form.exec(line) ?? [];
  const [from = '', to = '', fromPort, toPort, rest = ''] = reply;
  if (protocol !== 'tcp' && protocol !== 'udp') return undefined;
  return {
    protocol,
    source: canonicalIp(source),
    destination: canonicalIp(destination),
    sourcePort: Number(sport),
    destinationPort: Number(dport),
    answersFrom: { address: canonicalIp(from), port: Number(fromPort) },
    answersTo: { address: canonicalIp(to), port: Number(toPort) },
    mark: Number(/,mark=(\d+)/.exec(rest)?.[1] ?? 0),
    state: /state=(\w+)/.exec(rest)?.[1],
  };
}

export const originalOf = (found: DumpedConnection): Tuple => ({
  source: found.source,
  destination: found.destination,
  protocol: protocols[found.protocol],
  transport: { kind: 'ports', source: found.sourcePort, destination: found.destinationPort },
});

/**
 * The address outside that a connection is of: of one that leaves the address that answers go to, of one that came in the
 * address that it came to. A Pod may ask an address that another gateway holds: its connection is not of that.
 */
export const outsideAddress = (
  { source, destination }: Pick<Tuple, 'source' | 'destination'>,
  answersTo: string,
): string => (answersTo === source ? destination : answersTo);

/** Both sides have said that they send no more (RFC 9293 section 3.3.2), or one has broken it off. */
const overStates = ['TIME_WAIT', 'CLOSING', 'LAST_ACK', 'CLOSED', 'CLOSE'] as const;

const over = new RegExp(`state=(?:${overStates.join('|')})\\b`);

/** Of a line of any protocol. */
export const isOverIn = (line: string): boolean => over.test(line);

export const isOver = ({ state }: DumpedConnection): boolean => overStates.some((over) => over === state);

/** Somebody may still speak on it; one that is over would come back to life when it is made elsewhere. */
const living: ReadonlySet<string> = new Set(['ESTABLISHED', 'CLOSE_WAIT', 'FIN_WAIT_1', 'FIN_WAIT_2']);

export const lives = ({ protocol, state = '' }: DumpedConnection): boolean =>
  protocol !== 'tcp' || living.has(state);
