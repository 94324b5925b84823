/** One suite for the streams in memory and in Redis. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type LogFields, type Logger, silentLogger } from '@sluice/core';
import { Redis } from 'ioredis';
import { RealRedis } from '../../../coordination/src/testing/real-redis.js';
import { streamStart, type SyncStreams } from './ports.js';
import { RedisStreams } from './redis-streams.js';
import { FakeNetwork } from './testing/fake-streams.js';

let server: RealRedis;
let admin: Redis;
const opened: RedisStreams[] = [];

beforeAll(async () => {
  server = await RealRedis.start();
  admin = new Redis({ host: '127.0.0.1', port: server.port, lazyConnect: true });
  admin.on('error', () => undefined);
  await admin.connect();
});
afterAll(async () => {
  for (const streams of opened) streams.stop();
  admin.disconnect();
  await server.stop();
});

const inRedis = (self: string, logger: Logger = silentLogger): RedisStreams => {
  const target = { url: `redis://127.0.0.1:${String(server.port)}` };
  const streams = new RedisStreams({ target, self, logger });
  streams.start();
  opened.push(streams);
  return streams;
};

const eventually = async <T>(ask: () => Promise<T>): Promise<T> => {
  for (;;) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setImmediate(resolve));
  }
};

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
const words = async (streams: SyncStreams, after: ReadonlyMap<string, string>) =>
  (await streams.read(after)).map(({ gateway, batch }) => `${gateway} ${Buffer.from(batch).toString()}`);

describe.each(['memory', 'Redis'])('in %s', (where) => {
  let a: SyncStreams;
  let b: SyncStreams;

  beforeEach(async () => {
    await admin.flushall();
    const network = new FakeNetwork();
    const of = (self: string): SyncStreams => (where === 'Redis' ? inRedis(self) : network.of(self));
    a = of('a');
    b = of('b');
    // Connected, and nothing told.
    for (const streams of [a, b]) await eventually(() => streams.forgetBefore('0').then(() => true));
    await eventually(() => b.read(new Map([['nobody', streamStart]])));
  });

  test('what one tells the others read in order, from where they were', async () => {
    await a.append(bytes('one'));
    const second = await a.append(bytes('two'));
    await b.append(bytes('own'));
    await a.append(Uint8Array.of(0, 255, 13, 10));
    const told = await b.read(new Map([['a', streamStart]]));
    expect(told.map(({ batch }) => Buffer.from(batch).toString('hex'))).toEqual([
      '6f6e65',
      '74776f',
      '00ff0d0a',
    ]);
    expect(told[1]?.position).toBe(second);
    expect(await b.read(new Map([['a', second]]))).toEqual(told.slice(2));
  });

  test('several gateways are read at once', async () => {
    await a.append(bytes('one'));
    await b.append(bytes('two'));
    const after = new Map([
      ['a', streamStart],
      ['b', streamStart],
      ['c', streamStart],
    ]);
    expect((await words(a, after)).toSorted()).toEqual(['a one', 'b two']);
  });

  test('what was forgotten is not read', async () => {
    for (let count = 0; count < 300; count++) await a.append(bytes('old'));
    const position = await a.append(bytes('new'));
    await a.forgetBefore(position);
    // Redis forgets whole nodes of a hundred entries.
    expect((await words(b, new Map([['a', streamStart]]))).length).toBeLessThan(110);
  });
});

describe('Redis', () => {
  test('keeps a bounded stream that ends by itself', async () => {
    await admin.flushall();
    const a = inRedis('a');
    await eventually(() => a.append(bytes('x')));
    for (let count = 0; count < 1500; count++) await a.append(bytes('x'));
    expect(await admin.keys('*')).toEqual(['{sluice}:conntrack:a']);
    expect(await admin.xlen('{sluice}:conntrack:a')).toBeLessThanOrEqual(1100);
    expect(await admin.ttl('{sluice}:conntrack:a')).toBeGreaterThan(100);
  });

  test('that goes away is told of once, and once when it is back', async () => {
    const lines: string[] = [];
    const note = (_fields: LogFields, message: string): void => void lines.push(message);
    const a = inRedis('a', { ...silentLogger, warn: note, info: note });
    await eventually(() => a.append(bytes('x')));
    lines.length = 0;
    await server.kill();
    for (let count = 0; count < 3; count++) {
      await expect(a.append(bytes('x'))).rejects.toMatchObject({ code: 'SLUICE_STORE_UNREACHABLE' });
      await expect(a.read(new Map([['b', streamStart]]))).rejects.toMatchObject({ retryable: true });
    }
    await server.startAgain();
    await eventually(() => a.append(bytes('x')));
    expect(lines).toEqual([
      'connections are not synchronised: Redis does not answer. Nothing else depends on it',
      'connections are synchronised again',
    ]);
  });
});
