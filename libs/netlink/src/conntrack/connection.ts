/** A tracked connection: as the kernel shows it, and as it is made again elsewhere. */

export const protocols = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58, sctp: 132 } as const;

export type Transport =
  | { readonly kind: 'ports'; readonly source: number; readonly destination: number }
  | { readonly kind: 'echo'; readonly id: number; readonly type: number; readonly code: number }
  /** A protocol of which the kernel knows only the number. */
  | { readonly kind: 'none' };

/** What packets of one direction have in common. */
export interface Tuple {
  /** Canonical, both of one family. */
  readonly source: string;
  readonly destination: string;
  /** Number of the IP protocol. */
  readonly protocol: number;
  readonly transport: Transport;
}

export type ProtocolState =
  | { readonly kind: 'tcp'; readonly state: number }
  /** A tag that was not seen yet is zero. */
  | {
      readonly kind: 'sctp';
      readonly state: number;
      readonly vtagOriginal: number;
      readonly vtagReply: number;
    };

/** Bits of `status` (enum ip_conntrack_status). */
export const statusBits = {
  seenReply: 0x2,
  assured: 0x4,
  confirmed: 0x8,
  sourceNat: 0x10,
  destinationNat: 0x20,
} as const;

/** enum tcp_conntrack of linux/netfilter/nf_conntrack_tcp.h. What comes after it is closing. */
export const tcpEstablished = 3;
/** enum sctp_conntrack: SCTP_CONNTRACK_ESTABLISHED; above it, shutdown. */
export const sctpEstablished = 4;
const sctpShutdown: ReadonlySet<number> = new Set([1, 5, 6, 7]);

/** As the kernel shows it. */
export interface ConntrackEntry {
  readonly zone: number;
  readonly original: Tuple;
  /** What answers look like before NAT is undone. */
  readonly reply: Tuple;
  readonly status: number;
  /** Seconds until it ends without a packet; undefined in events. */
  readonly timeoutS: number | undefined;
  readonly mark: number;
  /** 16 bytes, in the machine's order. */
  readonly labels: Uint8Array | undefined;
  readonly state: ProtocolState | undefined;
}

/** What NAT makes of one side. `port` is the id of an echo; undefined: the protocol has none. */
export interface NatTarget {
  readonly address: string;
  readonly port: number | undefined;
}

/** What is needed to make a connection. It is made established, and its NAT from the targets. */
export interface NewConnection {
  readonly zone: number;
  readonly original: Tuple;
  readonly sourceNat: NatTarget | undefined;
  readonly destinationNat: NatTarget | undefined;
  readonly timeoutS: number;
  readonly mark: number;
  readonly labels: Uint8Array | undefined;
  /** TCP is always made established. */
  readonly sctp: Omit<Extract<ProtocolState, { kind: 'sctp' }>, 'kind'> | undefined;
}

/** ICMP types of question and answer (net/netfilter/nf_conntrack_proto_icmp.c, _icmpv6.c). */
const questions = {
  [protocols.icmp]: [8, 0, 13, 14, 15, 16, 17, 18],
  [protocols.icmpv6]: [128, 129, 139, 140],
} as const;

/** They stand in pairs: an even place and the odd one after it. */
function answerType(protocol: number, type: number): number {
  const types: readonly number[] =
    protocol === protocols.icmp || protocol === protocols.icmpv6 ? questions[protocol] : [];
  const at = types.indexOf(type);
  return types[at ^ 1] ?? type;
}

function answered(protocol: number, transport: Transport): Transport {
  switch (transport.kind) {
    case 'ports':
      return { kind: 'ports', source: transport.destination, destination: transport.source };
    case 'echo':
      return { ...transport, type: answerType(protocol, transport.type) };
    case 'none':
      return transport;
  }
}

/** What answers look like without NAT. */
export const inverse = ({ source, destination, protocol, transport }: Tuple): Tuple => ({
  source: destination,
  destination: source,
  protocol,
  transport: answered(protocol, transport),
});

/** Equal for equal tuples only. */
export function tupleKey({ source, destination, protocol, transport }: Tuple): string {
  const rest =
    transport.kind === 'ports'
      ? `${transport.source} ${transport.destination}`
      : transport.kind === 'echo'
        ? `${transport.id} ${transport.type} ${transport.code}`
        : '';
  return `${source} ${destination} ${protocol} ${rest}`;
}

function natTarget({ source, destination, transport }: Tuple, side: 'source' | 'destination'): NatTarget {
  const address = side === 'source' ? source : destination;
  switch (transport.kind) {
    case 'ports':
      return { address, port: transport[side] };
    case 'echo':
      return { address, port: transport.id };
    case 'none':
      return { address, port: undefined };
  }
}

/** TCP and SCTP that are ending: made again they would come back to life. */
export const isClosing = ({ state }: Pick<ConntrackEntry, 'state'>): boolean =>
  state !== undefined &&
  (state.kind === 'tcp' ? state.state > tcpEstablished : sctpShutdown.has(state.state));

/** What makes the entry again; `unknownTimeoutS` for one that has just begun. */
export function recreation(entry: ConntrackEntry, unknownTimeoutS: number): NewConnection {
  const { zone, original, reply, status, timeoutS = unknownTimeoutS, mark, labels, state } = entry;
  return {
    zone,
    original,
    sourceNat: (status & statusBits.sourceNat) === 0 ? undefined : natTarget(reply, 'destination'),
    destinationNat: (status & statusBits.destinationNat) === 0 ? undefined : natTarget(reply, 'source'),
    timeoutS,
    mark,
    // An entry without labels may be made where labels are not kept.
    labels: labels?.some((byte) => byte !== 0) === true ? labels : undefined,
    sctp:
      state?.kind === 'sctp'
        ? { state: state.state, vtagOriginal: state.vtagOriginal, vtagReply: state.vtagReply }
        : undefined,
  };
}
