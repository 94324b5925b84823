/** Between the attributes of a message and the shapes that Sluice uses. */
import { ConntrackCodecError } from './attributes.js';
import {
  type ConntrackEntry,
  inverse,
  type NatTarget,
  type NewConnection,
  type ProtocolState,
  protocols,
  statusBits,
  tcpEstablished,
  type Transport,
  type Tuple,
} from './connection.js';
import { type ConnectionValues, type NatValues, type ProtocolValues, type TupleValues } from './schema.js';

type ProtoValues = NonNullable<TupleValues['proto']>;

const isIpv6 = (address: string): boolean => address.includes(':');

function transportIn(proto: ProtoValues): Transport {
  const { sourcePort, destinationPort } = proto;
  if (sourcePort !== undefined && destinationPort !== undefined)
    return { kind: 'ports', source: sourcePort, destination: destinationPort };
  const v6 = proto.icmpv6Id !== undefined;
  const [id, type, code] = v6
    ? [proto.icmpv6Id, proto.icmpv6Type, proto.icmpv6Code]
    : [proto.icmpId, proto.icmpType, proto.icmpCode];
  if (id !== undefined && type !== undefined && code !== undefined) return { kind: 'echo', id, type, code };
  return { kind: 'none' };
}

function tupleIn(values: TupleValues | undefined): Tuple {
  const { ip = {}, proto = {} } = values ?? {};
  const source = ip.sourceV4 ?? ip.sourceV6;
  const destination = ip.destinationV4 ?? ip.destinationV6;
  const { number: protocol } = proto;
  if (source === undefined || destination === undefined || protocol === undefined)
    throw new ConntrackCodecError('a connection without addresses or protocol');
  return { source, destination, protocol, transport: transportIn(proto) };
}

function protoOf({ protocol, transport }: Tuple): ProtoValues {
  switch (transport.kind) {
    case 'ports':
      return { number: protocol, sourcePort: transport.source, destinationPort: transport.destination };
    case 'echo': {
      const { id, type, code } = transport;
      return protocol === protocols.icmpv6
        ? { number: protocol, icmpv6Id: id, icmpv6Type: type, icmpv6Code: code }
        : { number: protocol, icmpId: id, icmpType: type, icmpCode: code };
    }
    case 'none':
      return { number: protocol };
  }
}

export function tupleValues(tuple: Tuple): TupleValues {
  const { source, destination } = tuple;
  const ip = isIpv6(source)
    ? { sourceV6: source, destinationV6: destination }
    : { sourceV4: source, destinationV4: destination };
  return { ip, proto: protoOf(tuple) };
}

function stateIn({ tcp, sctp }: ProtocolValues): ProtocolState | undefined {
  if (tcp?.state !== undefined) return { kind: 'tcp', state: tcp.state };
  if (sctp?.state === undefined) return undefined;
  const { state, vtagOriginal = 0, vtagReply = 0 } = sctp;
  return { kind: 'sctp', state, vtagOriginal, vtagReply };
}

/** Throws ConntrackCodecError for one without tuples. */
export function entryIn(values: ConnectionValues): ConntrackEntry {
  const { original, reply, status = 0, timeoutS, mark = 0, zone = 0, labels, protocolInfo = {} } = values;
  return {
    zone,
    original: tupleIn(original),
    reply: tupleIn(reply),
    status,
    timeoutS,
    mark,
    labels,
    state: stateIn(protocolInfo),
  };
}

/** Every attribute of an entry, as the kernel writes it. */
export function entryValues(entry: ConntrackEntry): ConnectionValues {
  const { zone, original, reply, status, timeoutS, mark, labels, state } = entry;
  const base = { zone, status, timeoutS, mark, labels };
  const tuples = { original: tupleValues(original), reply: tupleValues(reply) };
  return { ...tuples, ...base, protocolInfo: protocolInfoOf(state) };
}

function protocolInfoOf(state: ProtocolState | undefined): ProtocolValues | undefined {
  if (state === undefined) return undefined;
  const { kind, ...values } = state;
  return kind === 'tcp' ? { tcp: values } : { sctp: values };
}

function natValues(target: NatTarget | undefined): NatValues | undefined {
  if (target === undefined) return undefined;
  const { address, port } = target;
  const addresses = isIpv6(address) ? { minV6: address, maxV6: address } : { minV4: address, maxV4: address };
  return port === undefined ? addresses : { ...addresses, proto: { portMin: port, portMax: port } };
}

/** IP_CT_TCP_FLAG_BE_LIBERAL, as value and as mask: sequence numbers that another gateway saw are not known here. */
const liberal = Uint8Array.of(0x08, 0x08);
/** What the kernel lets a program set; bits of NAT come from the NAT attributes. */
const status = statusBits.confirmed | statusBits.seenReply | statusBits.assured;

function protocolOf({ original, sctp }: NewConnection): ProtocolValues | undefined {
  if (original.protocol === protocols.tcp)
    return { tcp: { state: tcpEstablished, flagsOriginal: liberal, flagsReply: liberal } };
  return sctp === undefined ? undefined : { sctp };
}

/**
 * The reply is the plain inverse: the kernel refuses NAT bits in the status and sets them only where a NAT attribute
 * changes the tuple (ctnetlink_create_conntrack, kernel 7.3).
 */
export function newConnectionValues(connection: NewConnection): ConnectionValues {
  const { zone, original, sourceNat, destinationNat, timeoutS, mark, labels } = connection;
  return {
    original: tupleValues(original),
    reply: tupleValues(inverse(original)),
    sourceNat: natValues(sourceNat),
    destinationNat: natValues(destinationNat),
    status,
    timeoutS,
    mark,
    zone,
    labels,
    protocolInfo: protocolOf(connection),
  };
}

/** What of a connection that is there may change; NAT may not. */
export const changeValues = ({
  zone,
  original,
  timeoutS,
  mark,
  labels,
  sctp,
}: NewConnection): ConnectionValues => ({
  original: tupleValues(original),
  timeoutS,
  mark,
  zone,
  labels,
  protocolInfo: sctp === undefined ? undefined : { sctp },
});
