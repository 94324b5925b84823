/** Connections of every kind, for property tests. */
import { formatIp } from '@sluice/core';
import fc from 'fast-check';
import {
  type ConntrackEntry,
  type NatTarget,
  type NewConnection,
  protocols,
  type Tuple,
} from '../connection.js';

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });

const address = (family: 4 | 6): fc.Arbitrary<string> =>
  fc
    .bigInt({ min: 0n, max: (1n << (family === 4 ? 32n : 128n)) - 1n })
    .map((value) => formatIp({ family, value }));

const portProtocol = fc.constantFrom(protocols.tcp, protocols.udp, protocols.sctp, 33, 136);
const ports = fc.record({ kind: fc.constant('ports' as const), source: u16, destination: u16 });
const echo = fc.record({ kind: fc.constant('echo' as const), id: u16, type: u8, code: u8 });
const none = fc.constant({ kind: 'none' } as const);

const ofFamily = (family: 4 | 6): fc.Arbitrary<Tuple> => {
  const addresses = { source: address(family), destination: address(family) };
  const icmp = fc.constant(family === 4 ? protocols.icmp : protocols.icmpv6);
  return fc.oneof(
    fc.record({ ...addresses, protocol: portProtocol, transport: ports }),
    fc.record({ ...addresses, protocol: icmp, transport: echo }),
    fc.record({ ...addresses, protocol: fc.constantFrom(50, 51, 4), transport: none }),
  );
};

export const tupleArb: fc.Arbitrary<Tuple> = fc.oneof(ofFamily(4), ofFamily(6));

const labels = fc.option(fc.uint8Array({ minLength: 16, maxLength: 16 }), { nil: undefined });
const optionalU32 = fc.option(u32, { nil: undefined });

const sctp = fc.record({ state: u8, vtagOriginal: u32, vtagReply: u32 });
const state = fc.option(
  fc.oneof(
    fc.record({ kind: fc.constant('tcp' as const), state: u8 }),
    sctp.map((values) => ({ kind: 'sctp' as const, ...values })),
  ),
  { nil: undefined },
);

export const entryArb: fc.Arbitrary<ConntrackEntry> = fc.record({
  zone: u16,
  original: tupleArb,
  reply: tupleArb,
  status: u32,
  timeoutS: optionalU32,
  mark: u32,
  labels,
  state,
});

const familyOf = ({ source }: Tuple): 4 | 6 => (source.includes(':') ? 6 : 4);
const target = (original: Tuple): fc.Arbitrary<NatTarget | undefined> =>
  fc.option(
    fc.record({
      address: address(familyOf(original)),
      port: original.transport.kind === 'none' ? fc.constant(undefined) : u16,
    }),
    { nil: undefined },
  );

export const newConnectionArb: fc.Arbitrary<NewConnection> = tupleArb.chain((original) =>
  fc.record({
    zone: u16,
    original: fc.constant(original),
    sourceNat: target(original),
    destinationNat: target(original),
    timeoutS: u32,
    mark: u32,
    labels,
    sctp: original.protocol === protocols.sctp ? fc.option(sctp, { nil: undefined }) : fc.constant(undefined),
  }),
);
