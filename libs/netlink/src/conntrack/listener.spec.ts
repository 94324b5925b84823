/** Conformance: what the real kernel tells. Needs root, and a kernel with ctnetlink. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { TestNamespace } from '../testing/namespace.js';
import {
  type ConntrackEntry,
  ConntrackListener,
  ConntrackTable,
  type EntryChange,
  type NewConnection,
} from './index.js';

const zone = 1;
let namespace: TestNamespace;
let table: ConntrackTable;
let listener: ConntrackListener | undefined;
let seen: { readonly change: EntryChange; readonly entry: ConntrackEntry }[] = [];
let lost = 0;
let failed: unknown;
let wake: () => void = () => undefined;

beforeEach(async () => {
  namespace = new TestNamespace();
  namespace.run('nft', 'add table inet t; add chain inet t c { type filter hook output priority 0; }');
  namespace.run('nft', 'add rule inet t c ct state new accept');
  table = await ConntrackTable.open({ zone, netns: namespace.name });
  seen = [];
  lost = 0;
  failed = undefined;
});
afterEach(async () => {
  await listener?.stop();
  await table.close();
  namespace.remove();
  expect(failed).toBeUndefined();
});

const listen = async (receiveBuffer?: number): Promise<void> => {
  listener = await ConntrackListener.start({
    zone,
    netns: namespace.name,
    ...(receiveBuffer === undefined ? {} : { receiveBuffer }),
    onChange: (change, entry) => {
      seen.push({ change, entry });
      wake();
    },
    onLost: () => {
      lost++;
      wake();
    },
    onFailed: (error) => {
      failed = error;
    },
  });
};

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise<void>((resolve) => (wake = resolve));
};

const connection = (source: number): NewConnection => ({
  zone,
  original: {
    source: '10.244.1.5',
    destination: '203.0.113.10',
    protocol: 17,
    transport: { kind: 'ports', source, destination: 53 },
  },
  sourceNat: { address: '198.18.0.100', port: source },
  destinationNat: undefined,
  timeoutS: 300,
  mark: 7,
  labels: undefined,
  sctp: undefined,
});

test('what begins, changes and ends is told in order', async () => {
  await listen();
  const one = connection(1000);
  await table.insert([one]);
  await table.update([{ ...one, mark: 8 }]);
  await table.delete([one.original]);
  await until(() => seen.length === 3);
  expect(seen.map(({ change, entry }) => [change, entry.mark])).toEqual([
    ['new', 7],
    ['update', 8],
    ['destroy', 8],
  ]);
  expect(seen.every(({ entry }) => entry.reply.destination === '198.18.0.100')).toBe(true);
});

test('connections of real packets, and none of other zones', async () => {
  namespace.run('nft', 'add chain inet t raw { type filter hook output priority raw; }');
  namespace.run('nft', 'add rule inet t raw udp dport 9 ct zone set 1');
  namespace.run('nft', 'insert rule inet t c udp dport 9 ct mark set 0x70003');
  await listen();
  const say = (port: number): string =>
    namespace.run('bash', '-c', `echo x >/dev/udp/127.0.0.1/${String(port)}`);
  say(10);
  say(9);
  await until(() => seen.length === 1);
  expect(seen).toMatchObject([
    {
      change: 'new',
      entry: { zone: 1, mark: 0x7_0003, original: { destination: '127.0.0.1', protocol: 17 } },
    },
  ]);
});

test('thousands while the process is busy', async () => {
  await listen();
  await table.insert(Array.from({ length: 20_000 }, (_, i) => connection(1024 + i)));
  await until(() => seen.length === 20_000);
  expect(lost).toBe(0);
});

test('what does not fit is said to be lost, and the listener goes on', async () => {
  await listen(4096);
  await table.insert(Array.from({ length: 500 }, (_, i) => connection(1024 + i)));
  await until(() => lost > 0);
  expect(seen.length).toBeLessThan(500);
  const isLater = ({ original: { transport } }: ConntrackEntry): boolean =>
    transport.kind === 'ports' && transport.source >= 60_000;
  for (let source = 60_000; !seen.some(({ entry }) => isLater(entry)); source++) {
    await table.insert([connection(source)]);
    await new Promise((resolve) => setImmediate(resolve));
  }
});

test('stops while it waits', async () => {
  await listen();
  await listener?.stop();
  await table.insert([connection(1)]);
  expect(seen).toEqual([]);
});
