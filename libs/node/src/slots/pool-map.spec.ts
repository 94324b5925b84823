import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '@sluice/core';
import { type EgressPool, type EgressPoolSlot, KubeRefusedError } from '@sluice/kube';
import { PoolMap } from './pool-map.js';

const slot = (ordinal: number, holder: string, epoch: number, previous?: string): EgressPoolSlot => ({
  slot: ordinal,
  holder,
  epoch,
  order: ['gw-1', 'gw-2'],
  ...(previous === undefined ? {} : { previous }),
});

/** One pool behind an API server that takes a write only over the version that was read. */
class OnePool {
  writes = 0;
  conflicts = 0;
  /** Called between a read and the write that follows it. */
  meanwhile: () => void = () => undefined;
  private version = 1;

  constructor(public slots: readonly EgressPoolSlot[]) {}

  write(slots: readonly EgressPoolSlot[]): void {
    this.slots = slots;
    this.version++;
  }

  readonly client = {
    listAll: () => Promise.reject(new Error('not asked')),
    find: () => {
      const { slots, version } = this;
      const metadata = { name: 'default', resourceVersion: String(version) };
      return Promise.resolve({ metadata, status: { id: 1, slots } });
    },
    replace: (_: unknown, { metadata, status }: EgressPool) => {
      this.meanwhile();
      if (metadata.resourceVersion !== String(this.version)) {
        this.conflicts++;
        return Promise.reject(new KubeRefusedError('PUT', 409, { reason: 'Conflict' }));
      }
      this.writes++;
      this.write(status?.slots ?? []);
      return Promise.resolve({});
    },
  };
}

const mapOf = (pool: OnePool): PoolMap =>
  new PoolMap(pool.client as unknown as ConstructorParameters<typeof PoolMap>[0], silentLogger);

describe('PoolMap', () => {
  it('writes what comes during a write together, and never against itself', async () => {
    const pool = new OnePool(Array.from({ length: 32 }, (_, ordinal) => slot(ordinal, 'gw-2', 1)));
    const map = mapOf(pool);
    await Promise.all(
      pool.slots.map(({ slot: ordinal }) => map.record('default', 'gw-1', [{ ordinal, epoch: 2 }])),
    );
    expect(pool.slots.every(({ holder, epoch }) => holder === 'gw-1' && epoch === 2)).toBe(true);
    expect(pool).toMatchObject({ writes: 1, conflicts: 0 });
  });

  it('keeps the order of what it is told of one slot', async () => {
    const pool = new OnePool([slot(0, 'gw-2', 1)]);
    const map = mapOf(pool);
    await Promise.all([
      map.record('default', 'gw-1', [{ ordinal: 0, epoch: 2, previous: 'gw-2' }]),
      map.withdraw('default', 'gw-2', new Set([0])),
    ]);
    expect(pool.slots).toEqual([slot(0, 'gw-1', 2)]);
  });

  it('reads again what somebody else wrote meanwhile', async () => {
    const pool = new OnePool([slot(0, 'gw-2', 1), slot(1, 'gw-2', 1)]);
    pool.meanwhile = () => {
      if (pool.conflicts === 0) pool.write([slot(0, 'gw-2', 1), slot(1, 'gw-3', 5)]);
    };
    await mapOf(pool).record('default', 'gw-1', [
      { ordinal: 0, epoch: 2 },
      { ordinal: 1, epoch: 2 },
    ]);
    expect(pool.slots).toEqual([slot(0, 'gw-1', 2), slot(1, 'gw-3', 5)]);
  });

  it('claims nothing that somebody else took between the read and the write', async () => {
    const pool = new OnePool([slot(0, 'gw-2', 1), slot(1, 'gw-2', 1)]);
    pool.meanwhile = () => {
      if (pool.conflicts === 0) pool.write([slot(0, 'gw-3', 7), slot(1, 'gw-2', 1)]);
    };
    const claims = [0, 1].map((ordinal) => ({ ordinal, epochRead: 1, epoch: 9 }));
    expect(await mapOf(pool).claim('default', 'gw-1', claims)).toEqual([{ ordinal: 1, epoch: 9 }]);
    expect(pool.slots).toEqual([slot(0, 'gw-3', 7), slot(1, 'gw-1', 9)]);
  });

  it('fails for everybody who waits when the API server fails, and goes on afterwards', async () => {
    const pool = new OnePool([slot(0, 'gw-2', 1)]);
    const map = mapOf(pool);
    const { find } = pool.client;
    pool.client.find = () => Promise.reject(new Error('away'));
    const both = [2, 3].map((epoch) => map.record('default', 'gw-1', [{ ordinal: 0, epoch }]));
    for (const one of both) await expect(one).rejects.toThrow('away');
    pool.client.find = find;
    await map.record('default', 'gw-1', [{ ordinal: 0, epoch: 4 }]);
    expect(pool.slots).toEqual([slot(0, 'gw-1', 4)]);
  });

  it('takes nothing of a pool that is gone', async () => {
    const pool = new OnePool([]);
    pool.client.find = () => Promise.resolve(undefined as never);
    const claims = [{ ordinal: 0, epochRead: 1, epoch: 9 }];
    expect(await mapOf(pool).claim('default', 'gw-1', claims)).toEqual([]);
    await expect(mapOf(pool).withdraw('default', 'gw-1', new Set([0]))).resolves.toBeUndefined();
  });
});
