/** Conformance: what the real kernel does with what is written here. Needs root, and a kernel with ctnetlink. */
import { afterEach, beforeEach, describe, expect, it, test } from '@jest/globals';
import { TestNamespace } from '../testing/namespace.js';
import {
  type ConntrackEntry,
  ConntrackTable,
  inverse,
  type NewConnection,
  protocols,
  recreation,
  statusBits,
  type Tuple,
  tupleKey,
} from './index.js';

const zone = 1;
let namespace: TestNamespace;
let table: ConntrackTable;

beforeEach(async () => {
  namespace = new TestNamespace();
  // Without a rule that looks at connections the namespace tracks none, and keeps no labels.
  namespace.run('nft', 'add table inet t; add chain inet t c { type filter hook input priority 0; }');
  namespace.run('nft', 'add rule inet t c ct state new ct label 127 accept');
  table = await ConntrackTable.open({ zone, netns: namespace.name });
});
afterEach(async () => {
  await table.close();
  namespace.remove();
});

const ports = (protocol: number, source: string, destination: string): Tuple => ({
  source,
  destination,
  protocol,
  transport: { kind: 'ports', source: 40_000, destination: 443 },
});
const echo = (protocol: number, source: string, destination: string): Tuple => ({
  source,
  destination,
  protocol,
  transport: { kind: 'echo', id: 77, type: protocol === protocols.icmp ? 8 : 128, code: 0 },
});
const v4 = ['10.244.1.5', '203.0.113.10'] as const;
const v6 = ['fd00:244:1::5', '2001:db8:203::10'] as const;

const connection = (original: Tuple, more: Partial<NewConnection> = {}): NewConnection => ({
  zone,
  original,
  sourceNat: undefined,
  destinationNat: undefined,
  timeoutS: 300,
  mark: 0x0007_0003,
  labels: Uint8Array.from({ length: 16 }, (_, i) => i + 1),
  sctp: undefined,
  ...more,
});

const all = async (): Promise<readonly ConntrackEntry[]> => {
  const entries: ConntrackEntry[] = [];
  await table.dump((entry) => entries.push(entry));
  return entries;
};
const only = async (): Promise<ConntrackEntry> => {
  const [entry, ...others] = await all();
  if (entry === undefined || others.length > 0) throw new Error(`${String(others.length)} others`);
  return entry;
};

const egress4 = { address: '198.18.0.100', port: 40_000 };
const egress6 = { address: '2001:db8:18::100', port: 40_000 };
const otherPort = { ...egress4, port: 1024 };
const sctp = { state: 4, vtagOriginal: 0xdead_beef, vtagReply: 0x0102_0304 };

const cases: readonly (readonly [string, NewConnection])[] = [
  ['TCP, IPv4, source NAT', connection(ports(protocols.tcp, ...v4), { sourceNat: egress4 })],
  ['TCP, IPv4, another port', connection(ports(protocols.tcp, ...v4), { sourceNat: otherPort })],
  ['TCP, IPv6, source NAT', connection(ports(protocols.tcp, ...v6), { sourceNat: egress6 })],
  [
    'TCP, IPv4, destination NAT',
    connection(ports(protocols.tcp, '192.0.2.9', '198.18.0.100'), {
      destinationNat: { address: '10.244.1.5', port: 8443 },
    }),
  ],
  [
    'UDP, IPv6, NAT of both sides',
    connection(ports(protocols.udp, ...v6), {
      sourceNat: egress6,
      destinationNat: { address: '2001:db8:203::99', port: 5353 },
    }),
  ],
  ['UDP, IPv4, without NAT', connection(ports(protocols.udp, ...v4))],
  [
    'ICMP, another id',
    connection(echo(protocols.icmp, ...v4), { sourceNat: { address: '198.18.0.100', port: 99 } }),
  ],
  [
    'ICMPv6',
    connection(echo(protocols.icmpv6, ...v6), { sourceNat: { address: '2001:db8:18::100', port: 77 } }),
  ],
  ['SCTP, IPv4', connection(ports(protocols.sctp, ...v4), { sourceNat: egress4, sctp })],
  ['SCTP, IPv6', connection(ports(protocols.sctp, ...v6), { sourceNat: egress6, sctp })],
  [
    'a protocol without ports',
    connection(
      { source: v4[0], destination: v4[1], protocol: 47 + 4, transport: { kind: 'none' } },
      { sourceNat: { address: '198.18.0.100', port: undefined } },
    ),
  ],
];

/** What answers to the connection look like, by its NAT. */
function replyOf({ original, sourceNat, destinationNat }: NewConnection): Tuple {
  const plain = inverse(original);
  const { transport } = plain;
  const id = sourceNat?.port;
  return {
    ...plain,
    source: destinationNat?.address ?? plain.source,
    destination: sourceNat?.address ?? plain.destination,
    transport:
      transport.kind === 'ports'
        ? {
            kind: 'ports',
            source: destinationNat?.port ?? transport.source,
            destination: sourceNat?.port ?? transport.destination,
          }
        : transport.kind === 'echo' && id !== undefined
          ? { ...transport, id }
          : transport,
  };
}

describe.each(cases)('%s', (_name, asked) => {
  it('is made, and is shown as it was asked for', async () => {
    expect(await table.insert([asked])).toEqual({ done: 1, passed: [], failures: new Map() });
    const entry = await only();
    const { seenReply, assured, confirmed } = statusBits;
    expect(entry).toMatchObject({ zone, mark: asked.mark, labels: asked.labels, original: asked.original });
    expect(entry.reply).toEqual(replyOf(asked));
    expect(entry.status & (seenReply | assured | confirmed)).toBe(seenReply | assured | confirmed);
    expect(entry.timeoutS).toBeGreaterThan(290);
    expect(entry.timeoutS).toBeLessThanOrEqual(300);
    if (asked.original.protocol === protocols.tcp) expect(entry.state).toEqual({ kind: 'tcp', state: 3 });
  });

  it('is made again, from what is shown, in another namespace', async () => {
    await table.insert([asked]);
    const shown = await only();
    const elsewhere = new TestNamespace();
    elsewhere.run('nft', 'add table inet t; add chain inet t c { type filter hook input priority 0; }');
    elsewhere.run('nft', 'add rule inet t c ct state new ct label 127 accept');
    const other = await ConntrackTable.open({ zone, netns: elsewhere.name });
    expect((await other.insert([recreation(shown, 300)])).done).toBe(1);
    const copies: ConntrackEntry[] = [];
    await other.dump((entry) => copies.push(entry));
    await other.close();
    elsewhere.remove();
    expect(copies).toEqual([{ ...shown, timeoutS: expect.any(Number) }]);
  });

  it('is changed and ended', async () => {
    await table.insert([asked]);
    const changed = { ...asked, timeoutS: 1000, mark: 5 };
    expect(await table.update([changed])).toMatchObject({ done: 1, failures: new Map() });
    const entry = await only();
    expect(entry).toMatchObject({ mark: 5, reply: replyOf(asked) });
    expect(entry.timeoutS).toBeGreaterThan(990);
    expect(await table.delete([asked.original])).toMatchObject({ done: 1 });
    expect(await all()).toEqual([]);
    expect(await table.delete([asked.original])).toMatchObject({ done: 0, passed: [0] });
    expect(await table.update([asked])).toMatchObject({ done: 0, passed: [0] });
  });
});

const many = (count: number): readonly NewConnection[] =>
  Array.from({ length: count }, (_, i) => {
    const address = `10.244.${String(i >> 14)}.5`;
    const transport = { kind: 'ports', source: 1024 + (i & 0x3fff), destination: 443 } as const;
    return connection({ source: address, destination: v4[1], protocol: protocols.tcp, transport });
  });

test('thousands at once, some of which are there already', async () => {
  const wanted = many(5000);
  await table.insert(wanted.filter((_, i) => i % 1000 === 7));
  const { done, passed, failures } = await table.insert(wanted);
  expect({ done, passed, failures }).toEqual({
    done: 4995,
    passed: [7, 1007, 2007, 3007, 4007],
    failures: new Map(),
  });
  const shown = new Set((await all()).map(({ original }) => tupleKey(original)));
  expect(shown).toEqual(new Set(wanted.map(({ original }) => tupleKey(original))));
  expect((await table.delete(wanted.map(({ original }) => original))).done).toBe(5000);
  expect(await all()).toEqual([]);
});

test('other zones are not seen', async () => {
  const other = await ConntrackTable.open({ zone: 2, netns: namespace.name });
  await other.insert([connection(ports(protocols.udp, ...v4), { zone: 2 })]);
  await other.close();
  expect(await all()).toEqual([]);
});

test('a connection that the kernel refuses does not keep others back', async () => {
  const [one, two] = many(2);
  if (one === undefined || two === undefined) throw new Error('two');
  const impossible = connection(ports(protocols.tcp, ...v4), {
    original: { ...ports(protocols.tcp, ...v4), transport: { kind: 'none' } },
  });
  const { done, passed, failures } = await table.insert([one, impossible, two]);
  expect({ done, passed }).toEqual({ done: 2, passed: [] });
  expect([...failures.values()]).toEqual([1]);
});

test('requests at the same time are answered one by one', async () => {
  const results = await Promise.all([table.insert(many(300)), all(), table.insert(many(300)), all()]);
  expect(results[0].done).toBe(300);
  expect(results[1]).toHaveLength(300);
  expect(results[2].passed).toHaveLength(300);
  expect(results[3]).toHaveLength(300);
});

test('a namespace that does not exist', async () => {
  await expect(ConntrackTable.open({ zone, netns: 'sluice-none' })).rejects.toThrow(/ENOENT/);
});
