/** One suite for the connections in memory and in the real kernel (root, ctnetlink). */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ConntrackEntry, ConntrackTable, tupleKey } from '@sluice/netlink';
import { TestNamespace } from '../../../netlink/src/testing/namespace.js';
import { type ConnectionTable } from './ports.js';
import { address, egress, zone } from './testing/connections.js';
import { FakeTable } from './testing/fake-table.js';

const openers = {
  memory: () => Promise.resolve({ table: new FakeTable(), close: () => Promise.resolve() }),
  'the kernel': async () => {
    const namespace = new TestNamespace();
    const table = await ConntrackTable.open({ zone, netns: namespace.name });
    return {
      table,
      close: async () => {
        await table.close();
        namespace.remove();
      },
    };
  },
};

describe.each(['memory', 'the kernel'] as const)('in %s', (where) => {
  let table: ConnectionTable;
  let close: () => Promise<void>;
  beforeEach(async () => {
    ({ table, close } = await openers[where]());
  });
  afterEach(() => close());

  const all = async (): Promise<readonly ConntrackEntry[]> => {
    const entries: ConntrackEntry[] = [];
    await table.dump((entry) => entries.push(entry));
    return entries.toSorted((a, b) => tupleKey(a.original).localeCompare(tupleKey(b.original)));
  };

  test('what is made is shown', async () => {
    expect(await table.insert([egress(1), egress(2)])).toEqual({ done: 2, passed: [], failures: new Map() });
    expect(await all()).toMatchObject([
      { original: egress(1).original, reply: { destination: address }, mark: 0x7_0003 },
      { original: egress(2).original },
    ]);
  });

  test('what is there is not made again, nor another with the same answers', async () => {
    await table.insert([egress(1)]);
    const samePort = egress(2, { sourceNat: { address, port: 1 } });
    expect((await table.insert([egress(3), egress(1), samePort])).passed).toEqual([1, 2]);
    expect((await all()).map(({ original }) => original)).toEqual([egress(1).original, egress(3).original]);
  });

  test('is changed and ended', async () => {
    await table.insert([egress(1)]);
    expect((await table.update([egress(2), egress(1, { mark: 9 })])).passed).toEqual([0]);
    expect(await all()).toMatchObject([{ mark: 9, reply: { destination: address } }]);
    const originals = [egress(2), egress(1)].map(({ original }) => original);
    expect((await table.delete(originals)).passed).toEqual([0]);
    expect(await all()).toEqual([]);
  });
});
