import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ConntrackCodecError } from './attributes.js';
import {
  type ConntrackEntry,
  inverse,
  isClosing,
  type NewConnection,
  recreation,
  tupleKey,
} from './connection.js';
import { MessageWriter } from './message-writer.js';
import {
  type KernelMessage,
  readMessages,
  writeChange,
  writeDelete,
  writeDump,
  writeInsert,
} from './messages.js';
import { connectionAttributes } from './schema.js';
import { entryArb, newConnectionArb, tupleArb } from './testing/arbitraries.js';
import { received, requests } from './testing/vectors.js';
import { entryIn, entryValues, newConnectionValues } from './values.js';

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const read = (bytes: Uint8Array, zone = 1): readonly KernelMessage[] => [...readMessages(bytes, zone)];
const written = (write: (writer: MessageWriter) => void): string => {
  const writer = new MessageWriter(1);
  write(writer);
  return Buffer.from(writer.written).toString('hex');
};

const labels = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const ports = (source: number, destination: number) => ({ kind: 'ports', source, destination }) as const;
const pod = '10.244.1.5';
const server = '203.0.113.10';
const egress = '198.18.0.100';
const pod6 = 'fd00:244:1::5';

const tcp: ConntrackEntry = {
  zone: 1,
  original: { source: pod, destination: server, protocol: 6, transport: ports(40_000, 443) },
  reply: { source: server, destination: egress, protocol: 6, transport: ports(443, 1024) },
  status: 0x19e,
  timeoutS: 299,
  mark: 0x7_0003,
  labels,
  state: { kind: 'tcp', state: 3 },
};
const udp: ConntrackEntry = {
  zone: 1,
  original: { source: pod6, destination: '2001:db8:203::10', protocol: 17, transport: ports(5000, 53) },
  reply: { source: '2001:db8:203::99', destination: pod6, protocol: 17, transport: ports(5353, 5000) },
  status: 0x1ae,
  timeoutS: 120,
  mark: 5,
  labels: undefined,
  state: undefined,
};
const icmp: ConntrackEntry = {
  zone: 1,
  original: {
    source: pod,
    destination: server,
    protocol: 1,
    transport: { kind: 'echo', id: 77, type: 8, code: 0 },
  },
  reply: {
    source: server,
    destination: egress,
    protocol: 1,
    transport: { kind: 'echo', id: 99, type: 0, code: 0 },
  },
  status: 0x39e,
  timeoutS: 29,
  mark: 0,
  labels: undefined,
  state: undefined,
};
const sctp: ConntrackEntry = {
  zone: 1,
  original: { source: pod, destination: server, protocol: 132, transport: ports(40_000, 443) },
  reply: { source: server, destination: egress, protocol: 132, transport: ports(443, 40_000) },
  status: 0x19e,
  timeoutS: 200,
  mark: 0x7_0003,
  labels: undefined,
  state: { kind: 'sctp', state: 4, vtagOriginal: 0xdead_beef, vtagReply: 0x0102_0304 },
};

describe('bytes of the kernel', () => {
  test.each([
    ['tcp4 snat dump', 'update', tcp],
    ['udp6 dnat event', 'new', udp],
    ['icmp destroy', 'destroy', icmp],
    ['sctp4 dump', 'update', sctp],
  ] as const)('%s', (name, change, entry) => {
    expect(read(bytesOf(received[name]))).toEqual([{ kind: 'entry', sequence: 0, change, entry }]);
  });

  test('an error, and the end of a dump', () => {
    const together = bytesOf(received.error + received.done);
    expect(read(together)).toEqual([
      { kind: 'answer', sequence: 9, errno: 2 },
      { kind: 'done', sequence: 10, errno: 0 },
    ]);
  });

  test('entries of other zones are passed over', () => {
    const all = bytesOf(received['tcp4 snat dump'] + received['icmp destroy'] + received.done);
    expect(read(all, 2)).toEqual([{ kind: 'done', sequence: 10, errno: 0 }]);
  });
});

/** As the requests were made: from what the kernel showed, with the timeouts of before. */
const again = (entry: ConntrackEntry, timeoutS: number): NewConnection =>
  recreation({ ...entry, timeoutS }, 0);

describe('requests', () => {
  test.each([
    ['tcp4 snat', again(tcp, 300)],
    ['udp6 dnat', again(udp, 120)],
    ['icmp', again(icmp, 30)],
    ['sctp4', { ...again(sctp, 200), labels: undefined }],
  ] as const)('%s', (name, connection) => {
    expect(written((writer) => writeInsert(writer, connection, { sequence: 0 }))).toBe(requests[name]);
    const bytes = bytesOf(requests[name]);
    const view = new DataView(bytes.buffer);
    expect(connectionAttributes.decode(view, 20, bytes.length)).toEqual(
      JSON.parse(JSON.stringify(newConnectionValues(connection)), revived),
    );
  });

  test('a dump, a change and a removal', () => {
    expect(written((writer) => writeDump(writer, 7, 1))).toBe(
      '1c00000001010103' + '0700000000000000' + '00000000' + '0600120000010000',
    );
    const key = { zone: 1, original: icmp.original };
    const original =
      '3c000180' +
      ('14000180' + '080001000af40105' + '08000200cb00710a') +
      ('24000280' + '0500010001000000' + '06000400004d0000' + '0500050008000000' + '0500060000000000');
    expect(written((writer) => writeDelete(writer, key, { sequence: 8, acknowledge: true }))).toBe(
      '5800000002010500' + '0800000000000000' + '02000000' + original + '0600120000010000',
    );
    expect(written((writer) => writeChange(writer, again(icmp, 30), { sequence: 9 }))).toBe(
      '6800000000010100' +
        ('0900000000000000' + '02000000' + original) +
        ('080007000000001e' + '0800080000000000' + '0600120000010000'),
    );
  });
});

/** JSON makes objects of byte arrays, and leaves out what is undefined. */
function revived(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('0' in value)) return value;
  return Uint8Array.from(Object.values(value) as number[]);
}

describe('any connection', () => {
  test('is decoded as it was encoded', () => {
    fc.assert(
      fc.property(entryArb, (entry) => {
        const writer = new MessageWriter(1);
        connectionAttributes.encode(writer, entryValues(entry));
        const bytes = writer.written.slice();
        const values = connectionAttributes.decode(new DataView(bytes.buffer), 0, bytes.length);
        expect(entryIn(values)).toEqual(entry);
      }),
      { numRuns: 1000 },
    );
  });

  test('requests one behind the other are the same as each alone', () => {
    fc.assert(
      fc.property(fc.array(newConnectionArb, { maxLength: 5 }), (connections) => {
        const write = (writer: MessageWriter, connection: NewConnection): void =>
          writeInsert(writer, connection, { sequence: 1 });
        const alone = connections.map((connection) => written((writer) => write(writer, connection)));
        expect(written((writer) => connections.forEach((connection) => write(writer, connection)))).toBe(
          alone.join(''),
        );
      }),
      { numRuns: 200 },
    );
  });

  test('the inverse of the inverse of a question is the question', () => {
    fc.assert(fc.property(tupleArb, (tuple) => tupleKey(inverse(inverse(tuple))) === tupleKey(tuple)));
  });
});

const outcome = (bytes: Uint8Array): unknown => {
  try {
    read(bytes, 0);
    return undefined;
  } catch (error) {
    return error instanceof ConntrackCodecError ? undefined : error;
  }
};

describe('anything else', () => {
  test('random bytes raise ConntrackCodecError and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(2, 3, 0x100, 0x102), (bytes, type) => {
        const header = new Uint8Array(16);
        const view = new DataView(header.buffer);
        view.setUint32(0, 16 + bytes.length, true);
        view.setUint16(4, type, true);
        expect(outcome(bytes)).toBeUndefined();
        expect(outcome(Uint8Array.from([...header, ...bytes]))).toBeUndefined();
      }),
      { numRuns: 3000 },
    );
  });

  test('a byte changed or cut off raises ConntrackCodecError or is another message', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(received)),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (hex, at, change) => {
          const bytes = bytesOf(hex);
          expect(
            outcome(bytes.map((byte, i) => (i === at % bytes.length ? byte ^ change : byte))),
          ).toBeUndefined();
          expect(outcome(bytes.subarray(0, at % bytes.length))).toBeUndefined();
        },
      ),
      { numRuns: 3000 },
    );
  });
});

test.each([
  [{ kind: 'tcp', state: 3 }, false],
  [{ kind: 'tcp', state: 4 }, true],
  [{ kind: 'sctp', state: 4, vtagOriginal: 1, vtagReply: 1 }, false],
  [{ kind: 'sctp', state: 5, vtagOriginal: 1, vtagReply: 1 }, true],
  [undefined, false],
] as const)('%j is closing: %s', (state, closing) => {
  expect(isClosing({ state })).toBe(closing);
});
