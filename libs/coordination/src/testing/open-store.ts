/** The store of a spec on a real Redis, once it is connected. */
import { type Logger, silentLogger } from '@sluice/core';
import { type RedisOptions } from '../redis/redis-link.js';
import { RedisSlotStore } from '../redis/redis-slot-store.js';

export const newStore = (redis: RedisOptions, logger: Logger = silentLogger): RedisSlotStore =>
  new RedisSlotStore({ redis, logger });

export async function openStore(redis: RedisOptions, logger: Logger = silentLogger): Promise<RedisSlotStore> {
  const connected = Promise.withResolvers<undefined>();
  const store = new RedisSlotStore({ redis, logger, onConnected: () => connected.resolve(undefined) });
  store.start();
  await connected.promise;
  return store;
}
