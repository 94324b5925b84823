import { copyFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { type Caller, type SlotId } from '../store.js';
import { eventually } from '../testing/eventually.js';
import { openStore } from '../testing/open-store.js';
import { RealRedis } from '../testing/real-redis.js';
import { type RedisSlotStore } from './redis-slot-store.js';

/** Long enough for a busy machine to do something within it. */
const leaseMs = 1000;
const a: Caller = { gateway: 'a', incarnation: 'a1' };
const b: Caller = { gateway: 'b', incarnation: 'b1' };

let server: RealRedis;
let admin: Redis;
let store: RedisSlotStore;

const renew = (caller: Caller, observed: readonly string[] = []) =>
  store.renew({ ...caller, leaseMs, heard: 1, observed });

const renewed = async (caller: Caller, observed: readonly string[] = []) => {
  const answer = await renew(caller, observed);
  if (answer.kind !== 'renewed') throw new Error(answer.kind);
  return answer;
};

const claim = async (caller: Caller, slot: SlotId, { epochRead = 0, floor = 1 } = {}) => {
  const { mark } = await renewed(caller);
  return store.claim({ ...caller, leaseMs, slot, epochRead, mark, floor });
};

const epochOf = (answer: { readonly kind: string; readonly epoch?: number }): number => {
  if (answer.epoch === undefined) throw new Error(answer.kind);
  return answer.epoch;
};

const leaseGone = async (name: string): Promise<void> => {
  while ((await renewed(b, [name])).leases.get(name)?.incarnation !== undefined);
};

beforeAll(async () => {
  server = await RealRedis.start();
  admin = new Redis({ host: '127.0.0.1', port: server.port, lazyConnect: true });
  admin.on('error', () => undefined);
  await admin.connect();
});
afterAll(async () => {
  admin.disconnect();
  await server.stop();
});
beforeEach(async () => {
  await admin.flushall();
  store = await openStore({ host: '127.0.0.1', port: server.port });
});
afterEach(() => store.stop());

describe('leases', () => {
  test('others see a lease and its renewals until it ends', async () => {
    await renewed(a);
    await renewed(a);
    expect((await renewed(b, ['a', 'c'])).leases).toEqual(
      new Map([
        ['a', { incarnation: 'a1', renewals: 2, heard: 1 }],
        ['c', { incarnation: undefined, renewals: 0, heard: 0 }],
      ]),
    );
    await leaseGone('a');
    expect((await renewed(b, ['a'])).leases.get('a')).toMatchObject({ incarnation: undefined, renewals: 2 });
  });

  test('a second process of a gateway waits for the first one', async () => {
    await renewed(a);
    expect(await renew({ ...a, incarnation: 'a2' })).toEqual({ kind: 'foreign', incarnation: 'a1' });
    await leaseGone('a');
    expect((await renew({ ...a, incarnation: 'a2' })).kind).toBe('renewed');
  });

  test('the mark stays, and is another one after a wipe', async () => {
    const { mark } = await renewed(a);
    expect((await renewed(b)).mark).toBe(mark);
    await admin.flushall();
    expect((await renewed(b)).mark).not.toBe(mark);
  });
});

describe('claims', () => {
  test('a slot that nobody held, and again', async () => {
    const before = Date.now();
    const epoch = epochOf(await claim(a, 1024));
    expect(epoch).toBeGreaterThanOrEqual(before);
    expect((await renewed(b)).slots).toEqual(new Map([[1024, { holder: 'a', epoch, released: false }]]));
    expect(await claim(a, 1024, { epochRead: 5 })).toEqual({ kind: 'claimed', epoch });
  });

  test('while the holder lives it keeps the slot', async () => {
    const epoch = epochOf(await claim(a, 1));
    expect(await claim(b, 1, { epochRead: epoch })).toMatchObject({ kind: 'refused', reason: 'held' });
    await leaseGone('a');
    const next = epochOf(await claim(b, 1, { epochRead: epoch }));
    expect(next).toBeGreaterThan(epoch);
  });

  test.each([
    ['mark', { mark: 'other' }],
    ['epoch', { epochRead: 1 }],
    ['no-lease', { incarnation: 'a0' }],
  ])('refused by %s', async (reason, wrong) => {
    const { mark } = await renewed(a);
    const request = { ...a, leaseMs, slot: 1, epochRead: 0, mark, floor: 1, ...wrong };
    expect(await store.claim(request)).toEqual({ kind: 'refused', reason, entry: undefined });
  });

  test('a released slot, and no epoch twice', async () => {
    const epoch = epochOf(await claim(a, 1));
    expect(await store.release({ ...a, slot: 1, epoch: epoch - 1 })).toBe(false);
    expect(await store.release({ ...b, slot: 1, epoch })).toBe(false);
    expect(await store.release({ ...a, slot: 1, epoch })).toBe(true);
    expect(epochOf(await claim(b, 1, { epochRead: epoch }))).toBeGreaterThan(epoch);
  });

  test('at least the floor', async () => {
    const floor = Date.now() + 1_000_000;
    expect(epochOf(await claim(a, 1, { floor }))).toBe(floor);
  });

  test('64 slots, two gateways at once: each has one holder', async () => {
    const slots = Array.from({ length: 64 }, (_, slot) => slot);
    const { mark } = await renewed(a);
    await renewed(b);
    const answers = await Promise.all(
      slots.flatMap((slot) =>
        [a, b].map((caller) => store.claim({ ...caller, leaseMs, slot, epochRead: 0, mark, floor: 1 })),
      ),
    );
    for (const slot of slots) {
      expect(answers.slice(slot * 2, slot * 2 + 2).filter(({ kind }) => kind === 'claimed')).toHaveLength(1);
    }
  });
});

describe('what a holder says', () => {
  test('into a store that has forgotten it', async () => {
    expect(epochOf(await store.assert({ ...a, slot: 1, mine: 7 }))).toBeGreaterThan(7);
  });

  test('not over a later holder', async () => {
    const epoch = epochOf(await claim(b, 1));
    const entry = { holder: 'b', epoch, released: false };
    expect(await store.assert({ ...a, slot: 1, mine: epoch })).toEqual({ kind: 'superseded', entry });
    expect(epochOf(await store.assert({ ...b, slot: 1, mine: epoch }))).toBe(epoch);
  });

  test('gives the slot to a successor', async () => {
    const epoch = epochOf(await claim(a, 1));
    const request = { ...a, slot: 1, epoch, successor: 'b' };
    expect(await store.handOver({ ...request, ...b })).toMatchObject({ kind: 'refused' });
    const next = epochOf(await store.handOver(request));
    expect(next).toBeGreaterThan(epoch);
    expect(await store.handOver(request)).toMatchObject({ kind: 'refused' });
    expect((await renewed(b)).slots.get(1)).toEqual({ holder: 'b', epoch: next, released: false });
  });
});

const stopProcess = (): Promise<undefined> => {
  server.signal('SIGSTOP');
  return Promise.resolve(undefined);
};

describe('a store that is not well', () => {
  test('garbage in a slot is no entry', async () => {
    await admin.hset('{sluice}:slots', '1', 'garbage', '2', '1:0:', 'x', '5:0:a');
    expect((await renewed(a)).slots).toEqual(new Map());
    expect((await claim(a, 1)).kind).toBe('claimed');
  });

  test('a key of another type is refused with words', async () => {
    await admin.set('{sluice}:slots', 'text');
    await expect(renew(a)).rejects.toMatchObject({ code: 'SLUICE_STORE_REFUSED' });
  });

  test.each([
    ['SIGSTOP', () => stopProcess()],
    ['CLIENT PAUSE', () => admin.call('CLIENT', 'PAUSE', '1500', 'ALL').then(() => undefined)],
  ])('silence ends at the deadline, and is over when it is over: %s', async (_, pause) => {
    await pause();
    await expect(renew(a)).rejects.toMatchObject({ code: 'SLUICE_STORE_UNREACHABLE', retryable: true });
    server.signal('SIGCONT');
    expect((await eventually(() => renew(a))).kind).toBe('renewed');
  });

  test('killed and started again from an older snapshot: no epoch is given twice', async () => {
    const first = epochOf(await claim(a, 1));
    await admin.save();
    copyFileSync(server.snapshot, `${server.snapshot}.old`);
    await store.release({ ...a, slot: 1, epoch: first });
    const second = epochOf(await claim(b, 1, { epochRead: first }));
    await server.kill();
    await expect(renew(a)).rejects.toMatchObject({ code: 'SLUICE_STORE_UNREACHABLE' });
    copyFileSync(`${server.snapshot}.old`, server.snapshot);
    await server.startAgain();
    const { slots } = await eventually(() => renewed(b));
    expect(slots.get(1)).toMatchObject({ holder: 'a', epoch: first });
    // Also when the one who claims has not seen the second holder.
    await store.release({ ...a, slot: 1, epoch: first });
    expect(epochOf(await claim(a, 1, { epochRead: first }))).toBeGreaterThan(second);
  });
});
