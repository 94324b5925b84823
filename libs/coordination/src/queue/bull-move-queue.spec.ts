/** The queue on a real Redis: several gateways, and everything that Redis may do meanwhile. */
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '@sluice/core';
import { Redis } from 'ioredis';
import { eventually } from '../testing/eventually.js';
import { type LogLines, logLines } from '../testing/log-lines.js';
import { RealRedis } from '../testing/real-redis.js';
import { type AuditFinding, type RecordedSlot } from './audit.js';
import { type IncidentRecord, type Move } from './move.js';
import { type MoveQueue, type MoveQueueOptions, openMoveQueue } from './move-queue.js';

let server: RealRedis;
let admin: Redis;
let log: LogLines;
let queues: MoveQueue[] = [];
let completed: IncidentRecord[] = [];
let unserved: (readonly number[])[] = [];
let findings: AuditFinding[] = [];
let map: readonly RecordedSlot[] = [];

const lost = { id: 'failover:b:b1', kind: 'failover', gateway: 'b' } as const;

let made = 0;
const move = (changes: Partial<Move> = {}): Move => ({
  id: `move-${String(made++)}`,
  pool: 'default',
  poolId: 1,
  slots: [0],
  from: 'b',
  to: 'a',
  why: 'holder-dead',
  startedAt: new Date(1000).toISOString(),
  at: new Date(1500).toISOString(),
  steps: { armed: 10, claimed: 15, probed: 115, opened: 135 },
  incident: lost,
  ...changes,
});

async function open(changes: Partial<MoveQueueOptions> = {}): Promise<MoveQueue> {
  const queue = await openMoveQueue({
    redis: { host: '127.0.0.1', port: server.port },
    clock: systemClock,
    logger: log.logger,
    recorded: () => Promise.resolve(map),
    settleMs: 50,
    retryMs: 50,
    reports: {
      completed: (record) => completed.push(record),
      unserved: (_, slots) => unserved.push(slots),
      findings: (found) => findings.push(...found),
    },
    ...changes,
  });
  queues.push(queue);
  queue.start();
  return queue;
}

const first = <T>(list: readonly T[]) => eventually(() => list[0]);
const historyOf = (queue: MoveQueue, moves: number) =>
  eventually(async () => {
    const history = await queue.history();
    return history.moves.length >= moves ? history : undefined;
  });

beforeAll(async () => {
  server = await RealRedis.start();
  admin = new Redis({ host: '127.0.0.1', port: server.port });
  admin.on('error', () => undefined);
});
afterAll(async () => {
  admin.disconnect();
  await server.stop();
});
beforeEach(async () => {
  await eventually(() => admin.flushall());
  log = logLines();
  [completed, unserved, findings, map] = [[], [], [], []];
});
afterEach(async () => {
  await Promise.all(queues.map((queue) => queue.stop()));
  queues = [];
});

const alive = (...names: readonly string[]) =>
  Promise.all(names.map((name) => admin.set(`{sluice}:lease:${name}`, 'x')));
const held = (slot: number, holder: string) => admin.hset('{sluice}:slots', String(slot), `7:0:${holder}`);

describe('a failover', () => {
  test('that three gateways tell of is put together once', async () => {
    await alive('a', 'c', 'd');
    for (const [slot, holder] of ['a', 'c', 'd'].entries()) await held(1024 + slot, holder);
    const gateways = await Promise.all(['a', 'c', 'd'].map(() => open()));
    for (const [slot, gateway] of gateways.entries())
      gateway.moved(
        move({ to: ['a', 'c', 'd'][slot] ?? '', slots: [slot], at: new Date(1500 + slot).toISOString() }),
      );
    const record = await first(completed);
    expect(record).toMatchObject({ ...lost, totalMs: 502, slots: 3, takenBy: { a: 1, c: 1, d: 1 } });
    const [asked] = gateways;
    const history = await eventually(async () => {
      const answer = await asked?.history();
      return (answer?.incidents.length ?? 0) > 0 ? answer : undefined;
    });
    expect(history.incidents).toEqual([record]);
    expect(history.moves).toHaveLength(3);
    expect(completed).toHaveLength(1);
    expect(log.lines).toEqual([]);
  });

  test('is complete when the last slot has a holder', async () => {
    await alive('a');
    await held(1024, 'a');
    await held(1025, 'b');
    const queue = await open();
    queue.moved(move());
    await eventually(async () => ((await admin.zcard('{sluice}:failover:delayed')) > 0 ? true : undefined));
    expect(completed).toEqual([]);
    await held(1025, 'a');
    expect((await first(completed)).slots).toBe(1);
  });

  test('that leaves a slot alone for too long is told', async () => {
    await alive('a');
    await held(1024, 'a');
    await held(1025, 'b');
    const queue = await open({ retryMs: 1 });
    queue.moved(move());
    expect(await first(unserved)).toEqual([1025]);
    expect(completed).toEqual([]);
  });
});

describe('while Redis is away', () => {
  test('at the start: moves wait, and are sent when it is there', async () => {
    await server.kill();
    const queue = await open();
    queue.moved(move());
    queue.moved(move());
    await first(log.lines);
    await expect(queue.history()).rejects.toMatchObject({ code: 'SLUICE_STORE_UNREACHABLE' });
    await server.startAgain();
    expect((await historyOf(queue, 2)).moves).toHaveLength(2);
    expect(log.lines).toHaveLength(1);
  });

  test('in between, and wiped: nothing is told twice, and work goes on', async () => {
    const queue = await open();
    queue.moved(move());
    await historyOf(queue, 1);
    await server.kill();
    const [second, third] = [move(), move()];
    queue.moved(second);
    queue.moved(third);
    await server.startAgain();
    await alive('a');
    await held(1024, 'a');
    const { moves } = await historyOf(queue, 2);
    expect(moves.map(({ id }) => id)).toEqual([third.id, second.id]);
    expect((await first(completed)).id).toBe(lost.id);
  });

  test('silent: it ends in time', async () => {
    const queue = await open();
    queue.moved(move());
    await historyOf(queue, 1);
    server.signal('SIGSTOP');
    queue.moved(move());
    await expect(queue.history()).rejects.toMatchObject({ code: 'SLUICE_STORE_UNREACHABLE' });
    await queue.stop();
    server.signal('SIGCONT');
  });
});

describe('an audit', () => {
  test('is made again and again, by one of all gateways, and after a wipe', async () => {
    map = [{ pool: 'default', poolId: 1, slot: 3, holder: 'a', epoch: 7 }];
    await Promise.all([open({ auditMs: 200 }), open({ auditMs: 200 })]);
    expect(await first(findings)).toEqual({ kind: 'unheld', pool: 'default', slot: 3 });
    await admin.flushall();
    findings = [];
    expect(await first(findings)).toEqual({ kind: 'unheld', pool: 'default', slot: 3 });
  });
});

test('an audit without the API server is none, and the next one is made', async () => {
  let asked = 0;
  map = [{ pool: 'default', poolId: 1, slot: 3, holder: 'a', epoch: 7 }];
  const recorded = () => (++asked === 2 ? Promise.reject(new Error('no API server')) : Promise.resolve(map));
  await open({ auditMs: 100, recorded });
  expect((await first(findings)).kind).toBe('unheld');
  expect(asked).toBeGreaterThan(2);
  expect(log.lines.filter((line) => !line.includes('unheld'))).toEqual([]);
});

test('the user of the guide may do all of it', async () => {
  const [, rules = ''] = /^user sluice (.*)$/m.exec(readFileSync('docs/guide/redis.md', 'utf8')) ?? [];
  await admin.call('ACL', 'SETUSER', 'sluice', 'reset', ...rules.replace('PASSWORD', 'secret').split(' '));
  await admin.call('ACL', 'LOG', 'RESET');
  map = [{ pool: 'default', poolId: 1, slot: 3, holder: 'a', epoch: 7 }];
  await alive('a');
  await held(1024, 'a');
  const redis = { host: '127.0.0.1', port: server.port, username: 'sluice', password: 'secret' };
  const queue = await open({ redis, auditMs: 200 });
  queue.moved(move());
  await first(completed);
  await first(findings);
  await historyOf(queue, 1);
  expect(await admin.call('ACL', 'LOG')).toEqual([]);
  expect(log.lines).toEqual([]);
});

test('of more moves than are kept the latest stay', async () => {
  const queue = await open();
  for (let at = 0; at < 1300; at++) queue.moved(move({ incident: undefined, slots: [at % 64] }));
  const last = `move-${String(made - 1)}`;
  const { moves } = await eventually(async () => {
    const history = await queue.history();
    return history.moves[0]?.id === last ? history : undefined;
  });
  expect(moves.length).toBeLessThanOrEqual(1000);
  expect(await admin.xlen('{sluice}:moves')).toBeLessThan(1200);
});
