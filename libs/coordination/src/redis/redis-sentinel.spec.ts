import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { eventually } from '../testing/eventually.js';
import { logLines } from '../testing/log-lines.js';
import { openStore } from '../testing/open-store.js';
import { RealRedis } from '../testing/real-redis.js';
import { redisTarget } from './redis-target.js';

let master: RealRedis;
let replica: RealRedis;
let sentinel: RealRedis;
let asked: Redis;

const caller = { gateway: 'a', incarnation: 'a1' };
const leaseMs = 300;

beforeAll(async () => {
  master = await RealRedis.start('--repl-diskless-sync-delay', '0');
  replica = await RealRedis.start('--replicaof', '127.0.0.1', String(master.port));
  const replicating = new Redis({ host: '127.0.0.1', port: replica.port });
  await eventually(async () =>
    (await replicating.info('replication')).includes('link_status:up') ? true : undefined,
  );
  replicating.disconnect();
  sentinel = await RealRedis.sentinelOf('main', master);
  asked = new Redis({ host: '127.0.0.1', port: sentinel.port });
  await eventually(async () => {
    const known: unknown = await asked.call('SENTINEL', 'REPLICAS', 'main');
    return Array.isArray(known) && known.length > 0 ? true : undefined;
  });
});
afterAll(async () => {
  asked.disconnect();
  for (const server of [sentinel, replica, master]) await server.stop();
});

test('the master dies, and the store goes on with the one that the Sentinel chose', async () => {
  const log = logLines();
  const options = redisTarget({
    SLUICE_REDIS_SENTINELS: [{ host: '127.0.0.1', port: sentinel.port }],
    SLUICE_REDIS_MASTER: 'main',
  });
  const store = await openStore(options ?? {}, log.logger);
  const renew = () => store.renew({ ...caller, leaseMs, heard: 1, observed: [] });
  const first = await renew();
  if (first.kind !== 'renewed') throw new Error(first.kind);
  const request = { ...caller, leaseMs, slot: 1, epochRead: 0, mark: first.mark, floor: 1 };
  const claimed = await store.claim(request);
  if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
  await master.kill();
  await expect(renew()).rejects.toMatchObject({ code: 'SLUICE_STORE_UNREACHABLE' });
  expect((await eventually(renew)).kind).toBe('renewed');
  expect(await asked.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'main')).toEqual([
    '127.0.0.1',
    String(replica.port),
  ]);
  // What had not been passed on is asserted again; no epoch is given twice.
  // The store may ask for the master once more when the Sentinel tells of the switch.
  const again = await eventually(() => store.assert({ ...caller, slot: 1, mine: claimed.epoch }));
  expect(again).toMatchObject({ kind: 'asserted' });
  store.stop();
});
