import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ManualClock } from '@sluice/core';
import { type ConntrackEntry, type NewConnection } from '@sluice/netlink';
import { Registry } from 'prom-client';
import { decodeBatch, type SyncBatch } from './batch.js';
import { syncMetrics } from './metrics.js';
import { kernelMode } from './plan.js';
import { Publisher } from './publisher.js';
import { address, egress, otherAddress } from './testing/connections.js';
import { FakeNetwork } from './testing/fake-streams.js';
import { FakeTable } from './testing/fake-table.js';

let clock: ManualClock;
let table: FakeTable;
let network: FakeNetwork;
let publisher: Publisher;

beforeEach(() => {
  clock = new ManualClock();
  table = new FakeTable();
  network = new FakeNetwork();
  publisher = new Publisher({
    clock,
    table,
    streams: network.of('a'),
    metrics: syncMetrics(new Registry()),
    firstSnapshot: 0,
    mode: kernelMode,
  });
});
afterEach(() => publisher.stop());

const told = (): readonly SyncBatch[] =>
  (network.streams.get('a') ?? []).map(({ batch }) => decodeBatch(batch));
/** What was told since the last call. */
let before = 0;
const fresh = (): readonly string[] => {
  const all = told().map(wordOf);
  const news = all.slice(before);
  before = all.length;
  return news;
};
const portsIn = (batch: SyncBatch): readonly number[] =>
  ('connections' in batch ? batch.connections : []).map(({ original: { transport } }) =>
    transport.kind === 'ports' ? transport.source : 0,
  );
const wordOf = (batch: SyncBatch): string => [batch.kind, ...portsIn(batch)].join(' ');

const entry = async (connection: NewConnection, state?: ConntrackEntry['state']): Promise<ConntrackEntry> => {
  const one = new FakeTable();
  await one.insert([connection]);
  const [made] = one.entries.values();
  if (made === undefined) throw new Error('none');
  return state === undefined ? made : { ...made, state };
};
const pass = async (ms: number): Promise<void> => {
  clock.advance(ms);
  await publisher.settled();
  await publisher.settled();
};
const started = async (): Promise<void> => {
  before = 0;
  publisher.update(new Set([address]));
  publisher.start();
  await pass(0);
};

describe('snapshots', () => {
  test('at the start, of the addresses that are told of, and again', async () => {
    await table.insert([egress(1), egress(2, { sourceNat: { address: otherAddress, port: 2 } }), egress(3)]);
    await started();
    expect(fresh()).toEqual(['begin', 'part 1 3', 'end']);
    await pass(19_999);
    expect(fresh()).toEqual([]);
    await pass(1);
    // What was before the new snapshot is forgotten.
    expect(told().map(wordOf)).toEqual(['begin', 'part 1 3', 'end']);
  });

  test('of thousands are told in parts, and counted', async () => {
    await table.insert(Array.from({ length: 1200 }, (_, i) => egress(1024 + i)));
    await started();
    expect(told().map((batch) => portsIn(batch).length)).toEqual([0, 512, 512, 176, 0]);
    expect(told().at(-1)).toEqual({ kind: 'end', snapshot: 1, count: 1200 });
  });

  test('without an address nothing is told, and nothing read', async () => {
    publisher.start();
    await pass(0);
    expect([told(), table.calls]).toEqual([[], []]);
  });

  test('at once when an address comes', async () => {
    await started();
    await table.insert([egress(2, { sourceNat: { address: otherAddress, port: 2 } })]);
    publisher.update(new Set([address, otherAddress]));
    await pass(0);
    expect(told().map(wordOf)).toEqual(['begin', 'part 2', 'end']);
  });

  test('of connections that close nothing is told', async () => {
    table.entries.set('x', await entry(egress(1), { kind: 'tcp', state: 5 }));
    await started();
    expect(fresh()).toEqual(['begin', 'end']);
  });
});

describe('changes', () => {
  test('are told together, in order', async () => {
    await started();
    fresh();
    publisher.changed('new', await entry(egress(1)));
    publisher.changed('new', await entry(egress(2)));
    publisher.changed('destroy', await entry(egress(1)));
    publisher.changed('new', await entry(egress(1)));
    expect(fresh()).toEqual([]);
    await pass(20);
    expect(fresh()).toEqual(['alive 1 2', 'gone 1', 'alive 1']);
  });

  test('of other addresses, and of what is closing, are not told', async () => {
    await started();
    fresh();
    publisher.changed('new', await entry(egress(1, { sourceNat: { address: otherAddress, port: 1 } })));
    publisher.changed('update', await entry(egress(2), { kind: 'tcp', state: 4 }));
    await pass(20);
    expect(fresh()).toEqual([]);
  });

  test('of SCTP wait for both tags', async () => {
    await started();
    fresh();
    const sctp = { ...egress(1), original: { ...egress(1).original, protocol: 132 } };
    const state = { kind: 'sctp', state: 2, vtagOriginal: 7, vtagReply: 0 } as const;
    publisher.changed('new', await entry(sctp, state));
    publisher.changed('update', await entry(sctp, { ...state, vtagReply: 8 }));
    await pass(20);
    expect(fresh()).toEqual(['alive 1']);
  });

  test('during a snapshot come after it', async () => {
    const late = await entry(egress(9));
    table.onDump = () => publisher.changed('new', late);
    await started();
    await pass(20);
    expect(fresh()).toEqual(['begin', 'end', 'alive 9']);
  });

  test('that the kernel lost are made good by a snapshot', async () => {
    await started();
    fresh();
    publisher.changed('new', await entry(egress(1)));
    publisher.lost();
    await table.insert([egress(1), egress(2)]);
    await pass(20);
    expect(told().map(wordOf)).toEqual(['begin', 'part 1 2', 'end']);
  });
});

test('without Redis changes are dropped, and a snapshot follows when it is back', async () => {
  await started();
  network.down = true;
  publisher.changed('new', await entry(egress(1)));
  await pass(20);
  publisher.changed('new', await entry(egress(2)));
  await pass(1000);
  await pass(1000);
  network.down = false;
  await table.insert([egress(1), egress(2)]);
  expect(told().map(wordOf)).toEqual(['begin', 'end']);
  await pass(1000);
  expect(told().map(wordOf)).toEqual(['begin', 'part 1 2', 'end']);
  fresh();
  publisher.changed('new', await entry(egress(3)));
  await pass(20);
  expect(fresh()).toEqual(['alive 3']);
});
