/** Users, passwords, TLS and eviction, on a real server and with the very options that settings give. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { type Certificates, makeCertificates } from '../testing/certificates.js';
import { eventually } from '../testing/eventually.js';
import { freePort } from '../testing/free-port.js';
import { type LogLines, logLines } from '../testing/log-lines.js';
import { newStore, openStore } from '../testing/open-store.js';
import { RealRedis } from '../testing/real-redis.js';
import { type RedisOptions } from './redis-link.js';
import { type RedisSlotStore } from './redis-slot-store.js';
import { type RedisSettings, redisTarget } from './redis-target.js';

const a = { gateway: 'a', incarnation: 'a1' };
const leaseMs = 300;

const target = (settings: Partial<RedisSettings>): RedisOptions => {
  const options = redisTarget({ SLUICE_REDIS_SENTINELS: [], ...settings });
  if (options === undefined) throw new Error('no Redis');
  return options;
};

const renew = (store: RedisSlotStore) => store.renew({ ...a, leaseMs, heard: 1, observed: ['b'] });

/** Every operation, as a gateway's day has them. */
async function everything(store: RedisSlotStore): Promise<void> {
  const answer = await renew(store);
  if (answer.kind !== 'renewed') throw new Error(answer.kind);
  const claim = { ...a, leaseMs, slot: 1, epochRead: 0, mark: answer.mark, floor: 1 };
  const claimed = await store.claim(claim);
  if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
  const { epoch } = claimed;
  await store.claim(claim);
  // Somebody else's, whose lease is looked for.
  await store.claim({ ...claim, gateway: 'b', incarnation: 'a1', epochRead: epoch });
  await store.assert({ ...a, slot: 1, mine: epoch });
  const handed = await store.handOver({ ...a, slot: 1, epoch, successor: 'b' });
  expect(handed.kind).toBe('handed-over');
  await store.assert({ ...a, slot: 2, mine: 7 });
  await store.release({ ...a, slot: 2, epoch: 7 });
}

let store: RedisSlotStore | undefined;
let log: LogLines;

beforeEach(() => {
  log = logLines();
});
afterEach(() => {
  store?.stop();
  store = undefined;
});

describe('users', () => {
  let server: RealRedis;
  let admin: Redis;
  const url = () => `redis://127.0.0.1:${String(server.port)}`;

  beforeAll(async () => {
    server = await RealRedis.start('--requirepass', 'admin');
    admin = new Redis({ host: '127.0.0.1', port: server.port, password: 'admin' });
    const [, rules = ''] = /^user sluice (.*)$/m.exec(readFileSync('docs/guide/redis.md', 'utf8')) ?? [];
    await admin.call('ACL', 'SETUSER', 'sluice', 'reset', ...rules.replace('PASSWORD', 'secret').split(' '));
  });
  afterAll(async () => {
    admin.disconnect();
    await server.stop();
  });

  const withPassword = (word: string): RedisOptions => {
    const file = join(server.directory, 'password');
    writeFileSync(file, `${word}\n`);
    return target({
      SLUICE_REDIS_URL: url(),
      SLUICE_REDIS_USERNAME: 'sluice',
      SLUICE_REDIS_PASSWORD_FILE: file,
    });
  };

  test('the line of the guide suffices, and is no more than Sluice needs', async () => {
    await admin.call('ACL', 'LOG', 'RESET');
    store = await openStore(withPassword('secret'), log.logger);
    await everything(store);
    expect(await admin.call('ACL', 'LOG')).toEqual([]);
    expect(log.lines).toEqual([]);
    const as = new Redis({ host: '127.0.0.1', port: server.port, username: 'sluice', password: 'secret' });
    for (const [command = '', ...args] of [
      ['GET', 'other'],
      ['SET', 'other', 'x'],
      ['KEYS', '*'],
      ['FLUSHALL'],
      ['CONFIG', 'GET', '*'],
      ['CLIENT', 'LIST'],
      ['PUBLISH', 'channel', 'x'],
    ])
      await expect(as.call(command, ...args)).rejects.toThrow('NOPERM');
    as.disconnect();
  });

  test.each([
    ['wrong', () => withPassword('wrong'), 'WRONGPASS', 'SLUICE_REDIS_PASSWORD_FILE'],
    ['none', () => target({ SLUICE_REDIS_URL: url() }), 'NOAUTH', 'SLUICE_REDIS_PASSWORD_FILE'],
  ])('a password that is %s is refused with advice, once', async (_, options, code, advice) => {
    store = newStore(options(), log.logger);
    store.start();
    await eventually(() => log.lines[0]);
    for (let times = 0; times < 3; times++)
      await expect(renew(store)).rejects.toMatchObject({
        code: 'SLUICE_STORE_REFUSED',
        retryable: true,
        message: expect.stringContaining(code) as unknown,
      });
    expect(log.lines).toHaveLength(1);
    expect(log.lines[0]).toContain(advice);
    expect(log.lines[0]).toContain('docs/guide/redis.md');
  });
});

describe('TLS', () => {
  let server: RealRedis;
  let certificates: Certificates;
  let tlsPort: number;

  beforeAll(async () => {
    tlsPort = await freePort();
    server = await RealRedis.start();
    certificates = await makeCertificates(server.directory);
    const admin = new Redis({ host: '127.0.0.1', port: server.port });
    const { caFile, serverCertFile, serverKeyFile } = certificates;
    const files = [
      'tls-ca-cert-file',
      caFile,
      'tls-cert-file',
      serverCertFile,
      'tls-key-file',
      serverKeyFile,
    ];
    await admin.config('SET', 'tls-auth-clients', 'yes');
    await admin.call('CONFIG', 'SET', 'tls-port', String(tlsPort), ...files);
    admin.disconnect();
  });
  afterAll(() => server.stop());

  const over = (settings: Partial<RedisSettings>): RedisOptions =>
    target({ SLUICE_REDIS_URL: `rediss://127.0.0.1:${String(tlsPort)}`, ...settings });
  const client = () => ({
    SLUICE_REDIS_CERT_FILE: certificates.clientCertFile,
    SLUICE_REDIS_KEY_FILE: certificates.clientKeyFile,
  });

  test('with a CA and a certificate of our own', async () => {
    store = await openStore(over({ SLUICE_REDIS_CA_FILE: certificates.caFile, ...client() }), log.logger);
    await everything(store);
    expect(log.lines).toEqual([]);
  });

  test.each<[string, () => Partial<RedisSettings>, RegExp]>([
    ['without the CA', client, /self-signed certificate/],
    ['without a certificate', () => ({ SLUICE_REDIS_CA_FILE: certificates.caFile }), /certificate required/],
  ])('%s it says so', async (_, settings, why) => {
    store = newStore(over(settings()), log.logger);
    store.start();
    await eventually(() => log.lines.find((line) => why.test(line)));
    await expect(renew(store)).rejects.toMatchObject({ code: 'SLUICE_STORE_UNREACHABLE' });
  });
});

test('a server that evicts keys is warned of, once', async () => {
  const server = await RealRedis.start('--maxmemory-policy', 'volatile-lru');
  store = await openStore({ host: '127.0.0.1', port: server.port }, log.logger);
  const warning = await eventually(() => log.lines[0]);
  expect(warning).toMatch(/maxmemory-policy to noeviction, not volatile-lru/);
  await server.kill();
  await server.startAgain();
  const open = store;
  await eventually(() => renew(open));
  expect(log.lines.filter((line) => line.includes('noeviction'))).toHaveLength(1);
  await server.stop();
});
