/**
 * Connections outlive their gateway with the kernel datapath: two Open vSwitches, one Redis, Sluice's synchronisation.
 * Runs in the kernel lane: npm run test:kernel.
 */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { silentLogger, systemClock } from '@sluice/core';
import { type SlotView } from '@sluice/model';
import { type ConntrackEntry, ConntrackTable, KernelNetwork } from '@sluice/netlink';
import { Registry } from 'prom-client';
import { RealRedis } from '../../libs/coordination/src/testing/real-redis.js';
import { syncedKeeper } from '../../libs/node/src/conntrack-sync/synced-keeper.js';
import { ToldKeeper } from '../../libs/node/src/conntrack-sync/testing/told-keeper.js';
import { type SlotKeeper } from '../../libs/node/src/slots/slot-keeper.js';
import { egressAddress } from './support/ovs-gateway.js';
import { downloadClient, downloadServer, sctpClient, sctpServer } from './support/programs.js';
import { type GatewayName, podAddress, serverAddress, TwoGateways } from './support/two-gateways.js';
import { Waiting } from './support/waiting.js';

const zone = 1;
let waiting: Waiting;
const until: Waiting['until'] = (condition) => waiting.until(condition);
let redis: RealRedis;
let lab: TwoGateways;
let a: Gateway;
let b: Gateway;

interface Gateway {
  readonly told: ToldKeeper;
  readonly keeper: SlotKeeper;
  readonly table: ConntrackTable;
}

async function gateway(self: GatewayName): Promise<Gateway> {
  const netns = lab.gateways[self].namespace.name;
  const told = new ToldKeeper();
  const keeper = syncedKeeper(told, {
    clock: systemClock,
    logger: silentLogger,
    registry: new Registry(),
    network: new KernelNetwork({ netns }),
    target: { url: `redis://127.0.0.1:${String(redis.port)}` },
    self,
    netns,
  });
  keeper.start();
  keeper.update(viewOf(self), { interface: '', mac: '' });
  return { told, keeper, table: await ConntrackTable.open({ zone, netns }) };
}

const viewOf = (self: GatewayName): SlotView => ({
  self,
  nodeId: 1,
  slots: [
    {
      slot: 1,
      pool: 'p',
      ordinal: 1,
      order: ['a', 'b'],
      recorded: { holder: 'a', epoch: 1, previous: undefined },
      addresses: [egressAddress],
    },
  ],
  peers: [{ name: self === 'a' ? 'b' : 'a', nodeId: 2, uplinkMac: undefined }],
  draining: new Set(),
  nextHops: [],
});

beforeEach(async () => {
  waiting = new Waiting();
  redis = await RealRedis.start();
  lab = new TwoGateways();
  await lab.start();
  lab.use('a');
  [a, b] = await Promise.all([gateway('a'), gateway('b')]);
  a.told.carry(1);
});
afterEach(async () => {
  waiting.end();
  await Promise.all([a, b].map(({ keeper }) => keeper.stop()));
  await Promise.all([a, b].map(({ table }) => table.close()));
  await lab.remove();
  await redis.stop();
});

const shown = async ({ table }: Gateway): Promise<readonly ConntrackEntry[]> => {
  const entries: ConntrackEntry[] = [];
  await table.dump((entry) => entries.push(entry));
  return entries;
};

/** Gateway a ends without a word, and b takes the address over. */
async function failOver(): Promise<void> {
  await lab.gateways.a.kill();
  await a.keeper.stop();
  b.told.carry(1);
  lab.use('b');
}

test('a download goes on while the Pod is silent', async () => {
  const heard = lab.lines('server', ...downloadServer);
  await until(() => heard.includes('ready'));
  const got = lab.lines('pod', ...downloadClient);
  await until(() => got.length > 2);
  // A port that NAT chose: only the dead gateway knew it.
  expect(heard[1]).toMatch(/^198\.18\.0\.100 [23]\d{3}$/);
  await until(async () => (await shown(b)).length === 1);
  const [own] = await shown(a);
  const [copy] = await shown(b);
  expect(copy).toMatchObject({
    original: own?.original,
    reply: own?.reply,
    mark: 0x7_0003,
    labels: own?.labels,
  });

  await failOver();
  const before = got.length;
  const since = performance.now();
  await until(() => got.length > before);
  console.log(`first data after ${String(Math.round(performance.now() - since))} ms`);
  await until(() => got.length > before + 20);
  expect(got).not.toContain('closed');
  expect(heard).toHaveLength(2);
});

test('an SCTP association goes on', async () => {
  const heard = lab.lines('server', ...sctpServer(serverAddress));
  await until(() => heard.includes('ready'));
  const got = lab.lines('pod', ...sctpClient(podAddress, serverAddress));
  await until(() => got.length > 2);
  expect(heard[1]).toMatch(/^198\.18\.0\.100 [23]\d{3}$/);
  // With both tags, which a snapshot brings.
  await until(async () => {
    const [copy] = await shown(b);
    return copy?.state?.kind === 'sctp' && copy.state.vtagOriginal !== 0 && copy.state.vtagReply !== 0;
  });

  await failOver();
  const before = got.length;
  const since = performance.now();
  await until(() => got.length > before);
  console.log(`first data after ${String(Math.round(performance.now() - since))} ms`);
  await until(() => got.length > before + 20);
  expect(heard).toHaveLength(2);
});
