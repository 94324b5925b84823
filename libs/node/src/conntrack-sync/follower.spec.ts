import { beforeEach, describe, expect, test } from '@jest/globals';
import { silentLogger } from '@sluice/core';
import { ConntrackCodecError, type NewConnection, tupleKey } from '@sluice/netlink';
import { Registry } from 'prom-client';
import { encodeBatch, type SyncBatch } from './batch.js';
import { Follower } from './follower.js';
import { syncMetrics } from './metrics.js';
import { emptyPlan, type SyncPlan } from './plan.js';
import { address, egress, otherAddress, zone } from './testing/connections.js';
import { FakeTable } from './testing/fake-table.js';

const both = new Set([address, otherAddress]);
const plan: SyncPlan = {
  ...emptyPlan,
  copied: new Map([['b', both]]),
  settled: new Map([['b', both]]),
};

let table: FakeTable;
let follower: Follower;
beforeEach(() => {
  table = new FakeTable();
  follower = new Follower({ zone, table, logger: silentLogger, metrics: syncMetrics(new Registry()) });
  follower.update(plan);
});

const hear = (batch: SyncBatch, gateway = 'b'): Promise<void> => follower.apply(gateway, encodeBatch(batch));
const other = (port: number): NewConnection => egress(port, { sourceNat: { address: otherAddress, port } });
const keys = (...connections: readonly NewConnection[]): ReadonlySet<string> =>
  new Set(connections.map(({ original }) => tupleKey(original)));
const snapshot = async (number: number, ...connections: readonly NewConnection[]): Promise<void> => {
  await hear({ kind: 'begin', snapshot: number });
  await hear({ kind: 'part', snapshot: number, connections });
  await hear({ kind: 'end', snapshot: number, count: connections.length });
};

describe('changes', () => {
  test('are made here', async () => {
    await hear({ kind: 'alive', connections: [egress(1), egress(2)] });
    expect(table.keys).toEqual(keys(egress(1), egress(2)));
    await hear({ kind: 'gone', connections: [egress(1)] });
    expect(table.keys).toEqual(keys(egress(2)));
  });

  test('of gateways and addresses that are not copied are passed over', async () => {
    follower.update({ ...plan, copied: new Map([['b', new Set([address])]]) });
    await hear({ kind: 'alive', connections: [other(1), egress(2)] });
    await hear({ kind: 'alive', connections: [egress(3)] }, 'c');
    await hear({ kind: 'gone', connections: [egress(2)] }, 'c');
    expect(table.keys).toEqual(keys(egress(2)));
  });

  test('of what is there already give it the timeout and mark', async () => {
    await hear({ kind: 'alive', connections: [egress(1)] });
    await hear({ kind: 'alive', connections: [egress(1, { timeoutS: 9, mark: 8 })] });
    expect([...table.entries.values()]).toMatchObject([{ timeoutS: 9, mark: 8 }]);
  });

  test('of what this gateway carries add, and neither change nor end', async () => {
    await table.insert([egress(1)]);
    follower.update({ ...plan, carried: both });
    await hear({ kind: 'alive', connections: [egress(1, { mark: 8 }), egress(2)] });
    await hear({ kind: 'gone', connections: [egress(1), egress(2)] });
    expect([...table.entries.values()]).toMatchObject([{ mark: 0x7_0003 }, {}]);
  });
});

describe('a snapshot', () => {
  test('makes what is missing and ends what is not in it', async () => {
    await table.insert([egress(1), egress(2), other(3)]);
    await snapshot(1, egress(1), egress(4));
    expect(table.keys).toEqual(keys(egress(1), egress(4)));
  });

  test('ends nothing of addresses that others may hold', async () => {
    await table.insert([egress(1), other(2)]);
    follower.update({ ...plan, settled: new Map([['b', new Set([address])]]) });
    await snapshot(1);
    expect(table.keys).toEqual(keys(other(2)));
  });

  test('ends nothing that was taken over while it was compared', async () => {
    await table.insert([egress(1)]);
    table.onDump = () => follower.update({ ...plan, carried: both });
    await snapshot(1);
    expect(table.keys).toEqual(keys(egress(1)));
  });

  test('keeps what began meanwhile, and not what ended', async () => {
    await hear({ kind: 'begin', snapshot: 1 });
    await hear({ kind: 'part', snapshot: 1, connections: [egress(1), egress(2)] });
    await hear({ kind: 'alive', connections: [egress(3)] });
    await hear({ kind: 'gone', connections: [egress(1)] });
    await hear({ kind: 'end', snapshot: 1, count: 2 });
    expect(table.keys).toEqual(keys(egress(2), egress(3)));
  });

  test.each<readonly [string, readonly SyncBatch[]]>([
    [
      'whose part is missing',
      [
        { kind: 'begin', snapshot: 1 },
        { kind: 'end', snapshot: 1, count: 1 },
      ],
    ],
    ['whose beginning is missing', [{ kind: 'end', snapshot: 1, count: 0 }]],
    [
      'of another number',
      [
        { kind: 'begin', snapshot: 1 },
        { kind: 'end', snapshot: 2, count: 0 },
      ],
    ],
  ])('%s ends nothing', async (_name, batches) => {
    await table.insert([egress(1)]);
    for (const batch of batches) await hear(batch);
    expect(table.keys).toEqual(keys(egress(1)));
  });
});

test('bytes that are no batch', async () => {
  await expect(follower.apply('b', Uint8Array.of(1, 2, 3))).rejects.toBeInstanceOf(ConntrackCodecError);
});
