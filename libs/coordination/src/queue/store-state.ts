/** What the store says now, read beside it and without a lease of one's own. */
import { type Redis } from 'ioredis';
import { slotEntries } from '../redis/replies.js';
import { type GatewayName, type SlotEntry, type SlotId } from '../store.js';

export interface StoreState {
  readonly slots: ReadonlyMap<SlotId, SlotEntry>;
  /** Holders with a lease. */
  readonly living: ReadonlySet<GatewayName>;
}

export async function readStoreState(redis: Redis, prefix: string): Promise<StoreState> {
  const hash = await redis.hgetall(`${prefix}slots`);
  const { slots } = slotEntries(Object.entries(hash).flat());
  const holders = [...new Set([...slots.values()].map(({ holder }) => holder))];
  const leases =
    holders.length === 0 ? [] : await redis.mget(holders.map((name) => `${prefix}lease:${name}`));
  return { slots, living: new Set(holders.filter((_, at) => typeof leases[at] === 'string')) };
}
