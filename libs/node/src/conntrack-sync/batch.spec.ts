import { expect, test } from '@jest/globals';
import { ConntrackCodecError } from '@sluice/netlink';
import fc from 'fast-check';
import { newConnectionArb } from '../../../netlink/src/conntrack/testing/arbitraries.js';
import { decodeBatch, encodeBatch, type SyncBatch, type SyncConnection } from './batch.js';
import { egress } from './testing/connections.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const withoutZone = ({ zone: _, ...connection }: ReturnType<typeof egress>): SyncConnection => connection;
const tcp = withoutZone(egress(40_000));
const sctp = withoutZone({
  ...egress(40_000),
  original: { ...egress(40_000).original, protocol: 132 },
  labels: Uint8Array.from({ length: 16 }, (_, i) => i + 1),
  sctp: { state: 4, vtagOriginal: 0xdead_beef, vtagReply: 0x0102_0304 },
});
const echo: SyncConnection = {
  original: {
    source: 'fd00:244:1::5',
    destination: '2001:db8:203::10',
    protocol: 58,
    transport: { kind: 'echo', id: 77, type: 128, code: 0 },
  },
  sourceNat: { address: '2001:db8:18::100', port: 99 },
  destinationNat: undefined,
  timeoutS: 30,
  mark: 7,
  labels: undefined,
  sctp: undefined,
};

const ends4 = '0af40105' + 'cb00710a' + '9c4001bb' + 'c61200649c40' + '00070003' + '0000012c';
test.each<readonly [string, SyncBatch, string]>([
  ['TCP', { kind: 'alive', connections: [tcp] }, '01000000000000000001' + '2206' + ends4],
  [
    'SCTP',
    { kind: 'gone', connections: [sctp] },
    '01010000000000000001' + '3a84' + ends4 + '0102030405060708090a0b0c0d0e0f10' + '04deadbeef01020304',
  ],
  [
    'ICMPv6 in a snapshot',
    { kind: 'part', snapshot: 9, connections: [echo] },
    '01030000000900000001' +
      '433a' +
      'fd000244000100000000000000000005' +
      '20010db8020300000000000000000010' +
      '004d8000' +
      '20010db80018000000000000000001000063' +
      '00000007' +
      '0000001e',
  ],
  ['the beginning of a snapshot', { kind: 'begin', snapshot: 9 }, '01020000000900000000'],
  ['the end of a snapshot', { kind: 'end', snapshot: 9, count: 513 }, '01040000000900000201'],
])('%s', (_name, batch, bytes) => {
  expect(hex(encodeBatch(batch))).toBe(bytes);
  expect(decodeBatch(Buffer.from(bytes, 'hex'))).toEqual(batch);
});

test('any batch is decoded as it was encoded', () => {
  const connections = fc.array(newConnectionArb.map(withoutZone), { maxLength: 5 });
  const snapshot = fc.integer({ min: 0, max: 0xffff_ffff });
  const batchArb: fc.Arbitrary<SyncBatch> = fc.oneof(
    fc.record({ kind: fc.constantFrom('alive' as const, 'gone' as const), connections }),
    fc.record({ kind: fc.constant('part' as const), snapshot, connections }),
    fc.record({ kind: fc.constant('end' as const), snapshot, count: snapshot }),
  );
  fc.assert(fc.property(batchArb, (batch) => expect(decodeBatch(encodeBatch(batch))).toEqual(batch)));
});

const outcome = (bytes: Uint8Array): unknown => {
  try {
    decodeBatch(bytes);
    return undefined;
  } catch (error) {
    return error instanceof ConntrackCodecError ? undefined : error;
  }
};

test('anything else raises ConntrackCodecError and nothing else', () => {
  const part = encodeBatch({ kind: 'part', snapshot: 1, connections: [tcp, echo, sctp] });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(), fc.nat(255), (bytes, at, change) => {
      expect(outcome(bytes)).toBeUndefined();
      expect(outcome(Uint8Array.from([1, change % 5, 0, 0, 0, 0, ...bytes]))).toBeUndefined();
      expect(outcome(part.map((byte, i) => (i === at % part.length ? byte ^ change : byte)))).toBeUndefined();
      expect(outcome(part.subarray(0, at % part.length))).toBeUndefined();
    }),
    { numRuns: 2000 },
  );
  expect(() => decodeBatch(Uint8Array.of(2))).toThrow('version 2');
});
