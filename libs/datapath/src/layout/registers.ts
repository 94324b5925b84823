/**
 * Every bit of the registers, tunnel ids and conntrack marks that the pipeline uses, declared once.
 * A table names a declared subfield and one of its legal values, never a bit number.
 */
import { type FieldName, type Subfield, fieldBits } from '@sluice/ovs';

/** A named range of bits of a field; `values` lists the legal contents when they are few. */
export interface BitField extends Subfield {
  readonly name: string;
  readonly meaning: string;
  readonly values?: Readonly<Record<string, number>>;
  /** `from`, as values are shifted by. */
  readonly shift: bigint;
  /** Of these bits in the field; undefined when they are all of it. */
  readonly mask: bigint | undefined;
}

const bits = <V extends Readonly<Record<string, number>>>(
  at: readonly [field: FieldName, from: number, bits: number],
  name: string,
  meaning: string,
  values?: V,
): Omit<BitField, 'values'> & { readonly values: V } => {
  const [field, from, width] = at;
  const shift = BigInt(from);
  const mask = width === fieldBits(field) ? undefined : ((1n << BigInt(width)) - 1n) << shift;
  const place = { field, from, bits: width, shift, mask };
  return { ...place, name, meaning, ...(values && { values }) } as Omit<BitField, 'values'> & {
    readonly values: V;
  };
};

/** Where a packet came from, as the pipeline sees it. */
export const origin = bits(['reg0', 0, 4], 'origin', 'where the packet came from', {
  podEgress: 1,
  podReply: 2,
  toPod: 3,
  ask: 4,
  bouncedAsk: 5,
  uplink: 6,
  turnedAround: 7,
  /** The question whether a destination is held here, of a packet that is about to leave. */
  hairpin: 8,
  /** The same question of a packet of the gateway's own host. */
  host: 9,
});

export const objectId = bits(['reg1', 0, 16], 'object', 'egress id or service id; the origin tells which');
export const peerNode = bits(['reg2', 0, 16], 'peer node', 'node that the packet came from, later goes to');
export const otherHolder = bits(
  ['reg3', 0, 16],
  'other holder',
  'node id of the gateway that still has connections of the slot',
);
export const endpointId = bits(['reg4', 0, 32], 'endpoint', 'endpoint id of a service');

const flag = { no: 0, yes: 1 } as const;
export const resolved = bits(['reg5', 0, 1], 'resolved', 'the next hop has a MAC', flag);
export const tooBig = bits(['reg5', 1, 1], 'too big', 'longer than the tunnel takes', flag);
export const replay = bits(['reg5', 2, 1], 'replay', 'rebuilds state, is never forwarded', flag);
export const replyMac = bits(['reg5', 3, 1], 'reply MAC', "the host's conntrack calls it a reply", flag);

/** What the gate says of the slot in reg7. */
export const gateForm = bits(['reg5', 4, 2], 'gate', 'form of the slot on this gateway', {
  none: 0,
  armed: 1,
  open: 2,
  retiring: 3,
});
export const shared = bits(
  ['reg5', 6, 1],
  'shared',
  'another gateway still has connections of the slot',
  flag,
);
export const newPorts = bits(
  ['reg5', 7, 1],
  'new ports',
  'source ports of new connections: any, or those below 32768 while another gateway keeps connections of the slot',
  { any: 0, lowerHalf: 1 },
);
export const fallback = bits(
  ['reg5', 8, 1],
  'fallback',
  'its node finds the holder of the slot silent, and sends it here instead',
  flag,
);
export const gateEpoch = bits(
  ['metadata', 0, 64],
  'epoch',
  'epoch of the slot; kept in the gate for the next process, matched by nobody',
);

export const sendTunId = bits(['reg6', 0, 24], 'tunnel id', 'tunnel id to send');
export const sendId = bits(['reg6', 0, 16], 'tunnel object', 'egress or service id to send');
export const sendKind = bits(['reg6', 16, 8], 'tunnel kind', 'kind to send');
export const slot = bits(['reg7', 0, 16], 'slot', 'global slot of the address; what the gate looks at');
export const nextHop4 = bits(['reg11', 0, 32], 'IPv4 next hop', 'next-hop address');
export const nextHop6 = bits(['xxreg2', 0, 128], 'IPv6 next hop', 'next-hop address (reg8..reg11)');

export const tunnelKind = bits(['tun_id', 16, 8], 'kind', 'what a tunnel packet is', {
  egress: 1,
  serviceReply: 2,
  toPod: 3,
  ask: 4,
  askUnknown: 5,
  replayEgress: 6,
  replayService: 7,
  egressFallback: 8,
});
export const tunnelObject = bits(['tun_id', 0, 16], 'object', 'egress or service id');
export const tunnelId = bits(['tun_id', 0, 24], 'tunnel id', 'kind and object (the VNI)');

export const markNode = bits(
  ['ct_mark', 0, 16],
  'node',
  'zone 1: node of the Pod, the way back; zone 2: gateway that the connection is pinned to, 0: it is picked for each packet',
);
export const markObject = bits(['ct_mark', 16, 16], 'object', 'egress or service id');
export const lastHop = bits(
  ['ct_label', 0, 48],
  'last hop',
  'zone 1: client-side MAC of an inbound connection; 0: it came from this gateway itself',
);

export const packetMark = bits(['pkt_mark', 0, 32], 'packet mark', 'fwmark of the host');

/** Everything declared here, for the check of the layout and for the reference. */
export const bitFields: readonly BitField[] = [
  origin,
  objectId,
  peerNode,
  otherHolder,
  endpointId,
  resolved,
  tooBig,
  replay,
  replyMac,
  gateForm,
  shared,
  newPorts,
  fallback,
  gateEpoch,
  sendTunId,
  sendId,
  sendKind,
  slot,
  nextHop4,
  nextHop6,
  tunnelKind,
  tunnelObject,
  tunnelId,
  markNode,
  markObject,
  lastHop,
  packetMark,
];
