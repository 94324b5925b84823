/**
 * The streams in Redis: one key for each gateway, which ends by itself when the gateway is gone. They have connections of
 * their own, so that nothing of the slot protocol waits behind them; without Redis every call rejects, which is said once.
 *
 * What is kept is the last whole snapshot and what came after it; a limit of entries guards Redis against a gateway that
 * tells more than it ever forgets.
 */
import { describeError, type Logger, TransportError } from '@sluice/core';
import { Redis, type RedisOptions as IoRedisOptions } from 'ioredis';
import { type Position, type SyncStreams, type Told } from './ports.js';

/** Options of ioredis; replies keep their form. */
export type RedisOptions = Omit<IoRedisOptions, 'replyMapping'>;

/** Where Redis is: a URL, or what ioredis is told; what the streams depend on is set here and wins. */
export type StreamsTarget = { readonly url: string } | { readonly redis: RedisOptions };

export interface RedisStreamsOptions {
  readonly target: StreamsTarget;
  /** Name of this gateway. */
  readonly self: string;
  /** Of all keys; in braces, so that a cluster keeps them on one node. */
  readonly prefix?: string;
  readonly logger: Logger;
}

const deadlineMs = 1000;
const waitMs = 1000;
const slowestRetryMs = 1000;
/** Of a stream: half a million connections, or 16 MB. */
const mostBatches = 1000;
const batchesAtOnce = 64;
/** A gateway that is silent for so long has no connections to tell of. */
const keepSeconds = 120;

const settings = (commandTimeout: number): RedisOptions => ({
  lazyConnect: true,
  enableAutoPipelining: false,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  commandTimeout,
  connectTimeout: deadlineMs,
  disableClientInfo: true,
  retryStrategy: (attempt) => Math.min(slowestRetryMs, 50 * attempt),
  sentinelRetryStrategy: (attempt) => Math.min(slowestRetryMs, 50 * attempt),
  reconnectOnError: (error) => error.message.startsWith('READONLY'),
});

const isText = (value: unknown): value is string | Buffer =>
  typeof value === 'string' || Buffer.isBuffer(value);
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);

export class RedisStreams implements SyncStreams {
  private readonly prefix: string;
  /** A command that waits keeps back all behind it, so reading has a connection of its own. */
  private readonly reader: Redis;
  private readonly writer: Redis;
  private stopped = false;
  private problem: string | undefined;

  constructor(private readonly options: RedisStreamsOptions) {
    this.prefix = `${options.prefix ?? '{sluice}:'}conntrack:`;
    this.reader = this.connection(waitMs + deadlineMs);
    this.writer = this.connection(deadlineMs);
  }

  start(): void {
    for (const redis of [this.reader, this.writer]) redis.connect().catch(() => undefined);
  }

  stop(): void {
    this.stopped = true;
    this.reader.disconnect();
    this.writer.disconnect();
  }

  async append(batch: Uint8Array): Promise<Position> {
    const key = this.key(this.options.self);
    const added = this.writer.xadd(key, 'MAXLEN', '~', mostBatches, '*', 'b', Buffer.from(batch));
    const [id] = await this.answered(Promise.all([added, this.writer.expire(key, keepSeconds)]));
    if (id === null) throw new TransportError('SLUICE_STORE_UNREACHABLE', { message: 'XADD gave no id' });
    return id;
  }

  async forgetBefore(position: Position): Promise<void> {
    await this.answered(this.writer.xtrim(this.key(this.options.self), 'MINID', '~', position));
  }

  async read(after: ReadonlyMap<string, Position>): Promise<readonly Told[]> {
    const gateways = new Map([...after.keys()].map((gateway) => [this.key(gateway), gateway]));
    const asked = this.reader.xreadBuffer(
      ...(['COUNT', batchesAtOnce, 'BLOCK', waitMs, 'STREAMS'] as const),
      ...gateways.keys(),
      ...after.values(),
    );
    return list(await this.answered<unknown>(asked)).flatMap((stream) => {
      const [key, entries] = list(stream);
      const gateway = isText(key) ? gateways.get(key.toString()) : undefined;
      return gateway === undefined ? [] : list(entries).flatMap((entry) => toldBy(gateway, entry));
    });
  }

  private key(gateway: string): string {
    return `${this.prefix}${gateway}`;
  }

  private connection(commandTimeout: number): Redis {
    const { target } = this.options;
    const redis =
      'url' in target
        ? new Redis(target.url, settings(commandTimeout))
        : new Redis({ ...target.redis, ...settings(commandTimeout) });
    redis.on('error', (error: Error) => this.failed(error));
    // ioredis gives up when it was cut off while it asked a Sentinel; we never do.
    redis.on('end', () => {
      setTimeout(() => {
        if (!this.stopped) redis.connect().catch(() => undefined);
      }, slowestRetryMs).unref();
    });
    return redis;
  }

  private async answered<T>(asked: Promise<T>): Promise<T> {
    try {
      const answer = await asked;
      if (this.problem !== undefined) this.options.logger.info({}, 'connections are synchronised again');
      this.problem = undefined;
      return answer;
    } catch (cause) {
      this.failed(cause);
      const message = `Redis does not answer: ${describeError(cause)}`;
      throw new TransportError('SLUICE_STORE_UNREACHABLE', { message, cause });
    }
  }

  /** Once until it is over. */
  private failed(error: unknown): void {
    if (this.stopped || this.problem !== undefined) return;
    this.problem = describeError(error);
    this.options.logger.warn(
      { error: this.problem },
      'connections are not synchronised: Redis does not answer. Nothing else depends on it',
    );
  }
}

/** An entry: its id, and field after value; the one field is `b`. */
function toldBy(gateway: string, entry: unknown): readonly Told[] {
  const [id, fields] = list(entry);
  const batch = list(fields)[1];
  return isText(id) && Buffer.isBuffer(batch) ? [{ gateway, position: id.toString(), batch }] : [];
}
