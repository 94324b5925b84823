import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { silentLogger } from '@sluice/core';
import { KernelNetwork } from '@sluice/netlink';
import { TestNamespace } from '../../../netlink/src/testing/namespace.js';
import { type NicRecord, NicRecords } from './record.js';
import { NicTakeover } from './takeover.js';

const nic = 'v0';
const bridge = 'br0';
const addresses = ['198.18.0.3/24', '2001:db8:18::3/64'] as const;
const defaultRoutes = ['default via 198.18.0.1', 'default via 2001:db8:18::1'] as const;

let namespace: TestNamespace;
let directory: string;
let records: NicRecords;
let takeover: NicTakeover;

beforeEach(() => {
  namespace = new TestNamespace();
  namespace.addLink(nic);
  namespace.ip(`link add ${bridge} type bridge`);
  for (const address of addresses) namespace.ip(`address add ${address} dev ${nic} nodad`);
  namespace.ip(`route add ${defaultRoutes[0]} dev ${nic}`);
  namespace.ip(`-6 route add ${defaultRoutes[1]} dev ${nic} metric 100`);
  directory = mkdtempSync(join(tmpdir(), 'takeover-'));
  records = new NicRecords(directory);
  takeover = new NicTakeover({
    network: new KernelNetwork({ netns: namespace.name }),
    records,
    logger: silentLogger,
  });
});
afterEach(() => {
  namespace.remove();
  rmSync(directory, { recursive: true });
});

const remembered = async (): Promise<NicRecord> => {
  const record = await takeover.remember(nic, bridge);
  if (record === undefined) throw new Error('nothing was remembered');
  return record;
};

/** Global addresses and the default routes of both families. */
const carried = (dev: string): readonly string[] => {
  const found = namespace.listing(`address show dev ${dev} scope global`);
  const own = (['-4', '-6'] as const).flatMap((family) => namespace.listing('route show default', family));
  return [
    ...found.map((line) => / (inet6? \S+)/.exec(line)?.[1] ?? line),
    ...own
      .filter((line) => line.includes(` dev ${dev} `))
      .map((line) => / ?(default via \S+)/.exec(line)?.[1] ?? line),
  ];
};
const everything = [
  ...addresses.map((text) => `inet${text.includes(':') ? '6' : ''} ${text}`),
  ...defaultRoutes,
];

describe('a takeover', () => {
  it('moves addresses and routes of both families to the bridge', async () => {
    const record = await remembered();
    expect(record).toMatchObject({ nic, bridge, mtu: 1500, addresses: [...addresses] });
    expect(await records.read(nic)).toEqual(record);
    await takeover.settle(record);
    expect(carried(bridge)).toEqual(everything);
    expect(carried(nic)).toEqual([]);
  });

  it('leaves what is right as it is', async () => {
    const record = await remembered();
    await takeover.settle(record);
    const events = await namespace.routeEvents(() => takeover.settle(record));
    expect(events).toEqual([]);
  });

  it('goes on from the record when the bridge has lost everything, as after a restart of Open vSwitch', async () => {
    await takeover.settle(await remembered());
    namespace.ip(`link delete ${bridge}`);
    namespace.ip(`link add ${bridge} mtu 1400 type bridge`);
    const record = await remembered();
    await takeover.settle(record);
    expect(carried(bridge)).toEqual(everything);
    expect(namespace.ip(`link show dev ${bridge}`)).toMatch(/,UP.* mtu 1500 /);
  });

  it('completes one that ended between two steps', async () => {
    const record = await remembered();
    namespace.ip(`link set ${bridge} up`);
    namespace.ip(`address add ${addresses[0]} dev ${bridge}`);
    await takeover.settle(record);
    expect(carried(bridge)).toEqual(everything);
    expect(carried(nic)).toEqual([]);
  });

  it('takes addresses over that the NIC got later', async () => {
    await takeover.settle(await remembered());
    namespace.ip(`address add 198.18.7.3/24 dev ${nic}`);
    const record = await remembered();
    expect(record.addresses).toContain('198.18.7.3/24');
    await takeover.settle(record);
    expect(carried(bridge)).toContain('inet 198.18.7.3/24');
    expect(carried(nic)).toEqual([]);
  });

  it('knows what a NIC carried that is away', async () => {
    const record = await remembered();
    namespace.ip(`link delete ${nic}`);
    expect(await takeover.remember(nic, bridge)).toEqual(record);
    await takeover.settle(record);
    expect(carried(bridge)).toEqual(everything);
    expect(await takeover.remember('none', bridge)).toBeUndefined();
  });

  it('tells what is not there', async () => {
    const record = await remembered();
    namespace.ip(`link delete ${bridge}`);
    await expect(takeover.settle(record)).rejects.toMatchObject({ code: 'SLUICE_NETLINK_FAILED' });
    expect(carried(nic)).toEqual(everything);
  });
});

describe('the way back', () => {
  it('gives the NIC everything again, and forgets', async () => {
    const record = await remembered();
    await takeover.settle(record);
    namespace.ip(`link delete ${bridge}`);
    await takeover.giveBack(record);
    expect(carried(nic)).toEqual(everything);
    expect(await records.read(nic)).toBeUndefined();
  });
});
