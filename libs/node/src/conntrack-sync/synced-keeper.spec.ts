/** Two gateways, two real kernels' tables, one real Redis. Needs root, nftables, ctnetlink, redis-server. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { silentLogger, systemClock } from '@sluice/core';
import { type SlotView } from '@sluice/model';
import { type ConntrackEntry, ConntrackTable, KernelNetwork } from '@sluice/netlink';
import { Registry } from 'prom-client';
import { RealRedis } from '../../../coordination/src/testing/real-redis.js';
import { type SlotKeeper } from '../slots/slot-keeper.js';
import { syncedKeeper } from './synced-keeper.js';
import { address, egress, zone } from './testing/connections.js';
import { serverAddress, TestGateways } from './testing/gateways.js';
import { ToldKeeper } from './testing/told-keeper.js';

let redis: RealRedis;
let lab: TestGateways;
let a: Gateway;
let b: Gateway;
const children: ChildProcess[] = [];
/** A test that did not see what it waits for must not wait on. */
let over = false;

interface Gateway {
  readonly told: ToldKeeper;
  readonly keeper: SlotKeeper;
  readonly table: ConntrackTable;
}

async function gateway(name: 'a' | 'b'): Promise<Gateway> {
  const netns = lab.gateways[name].name;
  const told = new ToldKeeper();
  const keeper = syncedKeeper(told, {
    clock: systemClock,
    logger: silentLogger,
    registry: new Registry(),
    network: new KernelNetwork({ netns }),
    target: { url: `redis://127.0.0.1:${String(redis.port)}` },
    self: name,
    netns,
  });
  keeper.start();
  return { told, keeper, table: await ConntrackTable.open({ zone, netns }) };
}

const viewOf = (self: string, holder: string): SlotView => ({
  self,
  nodeId: 1,
  slots: [
    {
      slot: 1,
      pool: 'p',
      ordinal: 1,
      order: ['a', 'b'],
      recorded: { holder, epoch: 1, previous: undefined },
      addresses: [address],
    },
  ],
  peers: [{ name: self === 'a' ? 'b' : 'a', nodeId: 2, uplinkMac: undefined }],
  draining: new Set(),
  nextHops: [],
});

const uplink = { interface: '', mac: '' };

beforeEach(async () => {
  over = false;
  redis = await RealRedis.start();
  lab = new TestGateways();
  [a, b] = await Promise.all([gateway('a'), gateway('b')]);
  a.keeper.update(viewOf('a', 'a'), uplink);
  b.keeper.update(viewOf('b', 'a'), uplink);
  a.told.carry(1);
});
afterEach(async () => {
  over = true;
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await Promise.all([a.keeper.stop(), b.keeper.stop()]);
  await Promise.all([a.table.close(), b.table.close()]);
  lab.remove();
  await redis.stop();
});

const shown = async ({ table }: Gateway): Promise<readonly ConntrackEntry[]> => {
  const entries: ConntrackEntry[] = [];
  await table.dump((entry) => entries.push(entry));
  return entries;
};
const until = async (condition: () => Promise<boolean> | boolean): Promise<void> => {
  while (!over && !(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
};
const count = async (at: Gateway, wanted: number): Promise<void> =>
  until(async () => (await shown(at)).length === wanted);

/** A program in a namespace, its lines as they come. */
function lines(netns: string, script: string): string[] {
  const child = spawn('nsenter', [`--net=/run/netns/${netns}`, process.execPath, '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const got: string[] = [];
  createInterface(child.stdout).on('line', (line) => got.push(line));
  return got;
}

/** The server speaks ten times a second; nothing but acknowledgements comes back. */
const server = `
  require('node:net').createServer((socket) => {
    console.log(socket.remoteAddress + ' ' + socket.remotePort);
    setInterval(() => socket.write('x'), 100);
    socket.on('error', () => undefined);
  }).listen(443, '${serverAddress}', () => console.log('ready'));
`;
const client = `
  require('node:net').connect(443, '${serverAddress}').on('data', () => console.log('data'));
`;

test('a download goes on at the successor while the Pod is silent, and what ends is forgotten', async () => {
  lab.use('a');
  const heard = lines(lab.server.name, server);
  await until(() => heard.includes('ready'));
  const got = lines(lab.pod.name, client);
  await until(() => got.length > 2);
  // Another port than the Pod's: without the copy nobody could know it.
  expect(heard[1]).toMatch(/^198\.18\.0\.100 [23]\d{3}$/);

  await count(b, 1);
  const [[own], [copy]] = await Promise.all([shown(a), shown(b)]);
  expect(copy).toMatchObject({ original: own?.original, reply: own?.reply, mark: 0x7_0003, zone });
  expect((copy?.status ?? 0) & 0x1e).toBe(0x1e);

  lab.kill('a');
  await a.keeper.stop();
  b.told.carry(1);
  lab.use('b');
  const before = got.length;
  await until(() => got.length > before + 5);
  expect(await shown(b)).toHaveLength(1);
});

test('thousands that were there before, and the end of them', async () => {
  const many = Array.from({ length: 3000 }, (_, i) => egress(1024 + i, { timeoutS: 1000 }));
  a.told.carry();
  await a.table.insert(many);
  // One that the kernel of the successor has, and nobody any more.
  await b.table.insert([egress(9)]);
  a.told.carry(1);
  await count(b, 3000);
  await a.table.delete(many.slice(10).map(({ original }) => original));
  await count(b, 10);
});

test('Redis goes away and comes back empty', async () => {
  await a.table.insert([egress(1)]);
  await count(b, 1);
  await redis.kill();
  await a.table.insert([egress(2)]);
  await a.table.delete([egress(1).original]);
  expect(await shown(b)).toHaveLength(1);
  await redis.startAgain();
  await until(async () => {
    const [only, ...others] = await shown(b);
    return others.length === 0 && JSON.stringify(only?.original) === JSON.stringify(egress(2).original);
  });
});
