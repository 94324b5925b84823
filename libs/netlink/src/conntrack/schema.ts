/** The attributes of ctnetlink that Sluice reads or writes; numbers from linux/netfilter/nfnetlink_conntrack.h. */
import { ipv4, ipv6 } from './addresses.js';
import { attributes, bytes, u16, u32, u8, type Values } from './attributes.js';

/** CTA_IP_* */
const ip = {
  sourceV4: [1, ipv4],
  destinationV4: [2, ipv4],
  sourceV6: [3, ipv6],
  destinationV6: [4, ipv6],
} as const;

/** CTA_PROTO_* */
const proto = {
  number: [1, u8],
  sourcePort: [2, u16],
  destinationPort: [3, u16],
  icmpId: [4, u16],
  icmpType: [5, u8],
  icmpCode: [6, u8],
  icmpv6Id: [7, u16],
  icmpv6Type: [8, u8],
  icmpv6Code: [9, u8],
} as const;

/** CTA_TUPLE_* */
const tuple = attributes({ ip: [1, attributes(ip)], proto: [2, attributes(proto)] });

/** CTA_PROTONAT_* and CTA_NAT_* */
const nat = attributes({
  minV4: [1, ipv4],
  maxV4: [2, ipv4],
  minV6: [4, ipv6],
  maxV6: [5, ipv6],
  proto: [3, attributes({ portMin: [1, u16], portMax: [2, u16] })],
});

/** CTA_PROTOINFO_TCP_*: flags are a value and a mask, a byte each. */
const tcp = attributes({ state: [1, u8], flagsOriginal: [4, bytes(2)], flagsReply: [5, bytes(2)] });

/** CTA_PROTOINFO_SCTP_* */
const sctp = attributes({ state: [1, u8], vtagOriginal: [2, u32], vtagReply: [3, u32] });

/** CTA_*. In the order in which they are written. */
const connection = {
  original: [1, tuple],
  reply: [2, tuple],
  sourceNat: [6, nat],
  destinationNat: [13, nat],
  status: [3, u32],
  timeoutS: [7, u32],
  mark: [8, u32],
  zone: [18, u16],
  /** 128 bits in the machine's order. */
  labels: [22, bytes(16)],
  protocolInfo: [4, attributes({ tcp: [1, tcp], sctp: [3, sctp] })],
} as const;

export const zoneAttribute = connection.zone;
export const connectionAttributes = attributes(connection);

export type ConnectionValues = Values<typeof connection>;
export type TupleValues = NonNullable<ConnectionValues['original']>;
export type NatValues = NonNullable<ConnectionValues['sourceNat']>;
export type ProtocolValues = NonNullable<ConnectionValues['protocolInfo']>;
