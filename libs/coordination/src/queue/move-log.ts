/** The last moves, in a stream of Redis: entries are text that any gateway, also of another version, can read. */
import { type Redis } from 'ioredis';
import { type Move, moveSchema } from './move.js';

/** Moves that are kept. */
export const movesKept = 1000;

const streamOf = (prefix: string): string => `${prefix}moves`;

export async function appendMove(redis: Redis, prefix: string, move: Move): Promise<void> {
  await redis.xadd(streamOf(prefix), 'MAXLEN', '~', movesKept, '*', 'move', JSON.stringify(move));
}

/** Latest first; entries of another form are left out, and one that was sent twice is one. */
export async function readMoves(
  redis: Redis,
  prefix: string,
  limit: number = movesKept,
): Promise<readonly Move[]> {
  const entries = await redis.xrevrange(streamOf(prefix), '+', '-', 'COUNT', limit);
  const moves = entries.flatMap(([, fields]) => parsed(fields[1]));
  return [...new Map(moves.map((move) => [move.id, move])).values()];
}

function parsed(text: string | undefined): readonly Move[] {
  try {
    const { success, data } = moveSchema.safeParse(JSON.parse(text ?? ''));
    return success ? [data] : [];
  } catch {
    return [];
  }
}
