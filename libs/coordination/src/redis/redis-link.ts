/**
 * One connection to Redis that runs the scripts: each with a deadline, none kept for later, and reconnected for ever.
 * It says once when Redis stops answering or refuses, and once when it answers again.
 */
import { describeError, type Logger, RemoteError, type SluiceError, TransportError } from '@sluice/core';
import { Redis, type RedisOptions as IoRedisOptions, ReplyError } from 'ioredis';
import { ProblemLog } from './problem-log.js';
import { refusal } from './refusals.js';
import { type ScriptName, scripts } from './scripts/scripts.js';

/** Options of ioredis; replies keep their form. */
export type RedisOptions = Omit<IoRedisOptions, 'replyMapping'>;

/** Where Redis is: a URL, or what ioredis is told; what the protocol depends on is set here and wins. */
export type RedisTarget = { readonly url: string } | { readonly redis: RedisOptions };

export interface RedisLinkOptions {
  readonly target: RedisTarget;
  readonly logger: Logger;
  /** Milliseconds until a command that was not answered rejects. */
  readonly deadlineMs: number;
  /** A new connection: what was known of leases may be lost. */
  readonly onConnected: () => void;
  readonly onDisconnected: () => void;
}

type Argument = string | number;

/** A path that swallows packets gives no error: no answer for so long, and the connection is made anew. */
const silentMs = 1000;
const slowestRetryMs = 500;

/** How Redis is found again, for ever: of every connection, also those of the queue. */
export const reconnecting = {
  lazyConnect: true,
  disableClientInfo: true,
  connectTimeout: silentMs,
  sentinelCommandTimeout: silentMs,
  retryStrategy: (attempt) => Math.min(slowestRetryMs, 50 * attempt),
  sentinelRetryStrategy: (attempt) => Math.min(slowestRetryMs, 50 * attempt),
  // A former master says this after a failover: connect anew, which asks the Sentinels.
  reconnectOnError: (error) => error.message.startsWith('READONLY'),
  failoverDetector: true,
  sentinelReconnectStrategy: () => 1000,
} as const satisfies RedisOptions;

/**
 * ioredis has an auto-pipelining of its own, which is off: it holds back every command until the replies of those
 * before have come, and starts the deadline only then, so one late renewal would delay the claims behind it. Without it
 * each command is written at once, behind those under way; 64 claims of one tick still are one round trip.
 */
const settings = (deadlineMs: number): RedisOptions => ({
  ...reconnecting,
  enableAutoPipelining: false,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  commandTimeout: deadlineMs,
  socketTimeout: silentMs,
});

export class RedisLink {
  private readonly redis: Redis;
  private ready = false;
  private stopped = false;
  private evictionChecked = false;
  private readonly problems: ProblemLog;
  private lastConnectError: Error | undefined;

  constructor(private readonly options: RedisLinkOptions) {
    const { target, deadlineMs, logger } = options;
    this.problems = new ProblemLog(logger, 'Redis answers again');
    this.redis =
      'url' in target
        ? new Redis(target.url, settings(deadlineMs))
        : new Redis({ ...target.redis, ...settings(deadlineMs) });
    for (const [name, lua] of Object.entries(scripts)) this.redis.defineCommand(name, { lua });
    this.redis.on('ready', () => this.connected());
    this.redis.on('close', () => this.disconnected());
    this.redis.on('error', (error: Error) => this.failed(error));
    // ioredis gives up when it was cut off while it asked a Sentinel; we never do.
    this.redis.on('end', () => this.again());
  }

  start(): void {
    // What goes wrong is told by the event; Redis is tried again for ever.
    this.redis.connect().catch(() => undefined);
  }

  stop(): void {
    this.stopped = true;
    this.redis.disconnect();
  }

  /** Runs a script; rejects with SLUICE_STORE_UNREACHABLE or SLUICE_STORE_REFUSED, both retryable. */
  async run(script: ScriptName, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    try {
      const reply = await this.command(script)(keys.length, ...keys, ...args);
      this.problems.recovered();
      return reply;
    } catch (cause) {
      const error = this.asSluiceError(cause);
      this.problem(error.message);
      throw error;
    }
  }

  /** The command that `defineCommand` made of a script. */
  private command(script: ScriptName): (...args: readonly Argument[]) => Promise<unknown> {
    const made: unknown = Reflect.get(this.redis, script);
    if (typeof made !== 'function') throw new TypeError(`no script ${script}`);
    return async (...args) => (await Reflect.apply(made, this.redis, args)) as unknown;
  }

  private asSluiceError(cause: unknown): SluiceError {
    // Without a connection, why there is none says more than that there is none.
    const why = this.ready ? cause : (this.lastConnectError ?? cause);
    if (why instanceof ReplyError) {
      const message = refusal(describeError(why));
      return new RemoteError('SLUICE_STORE_REFUSED', { message, cause: why, retryable: true });
    }
    const message = `Redis does not answer: ${describeError(why)}`;
    return new TransportError('SLUICE_STORE_UNREACHABLE', { message, cause });
  }

  private connected(): void {
    this.ready = true;
    this.lastConnectError = undefined;
    this.options.logger.debug({}, 'connected to Redis');
    this.options.onConnected();
    if (!this.evictionChecked) void this.checkEviction();
  }

  /** A server that evicts keys throws leases and slots away when it is full. */
  private async checkEviction(): Promise<void> {
    // Without the right to ask, or without an answer: it is asked again at the next connection.
    const memory = await this.redis.info('memory').catch(() => '');
    const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1];
    if (policy === undefined) return;
    this.evictionChecked = true;
    if (policy === 'noeviction') return;
    this.options.logger.warn(
      { policy },
      `Redis throws keys away when it is full: set maxmemory-policy to noeviction, not ${policy} (docs/guide/redis.md)`,
    );
  }

  private disconnected(): void {
    if (!this.ready) return;
    this.ready = false;
    this.options.onDisconnected();
  }

  private failed(error: Error): void {
    this.lastConnectError = error;
    const refused = error instanceof ReplyError;
    this.problem(refused ? refusal(error.message) : `no connection to Redis: ${describeError(error)}`);
  }

  private again(): void {
    if (this.stopped) return;
    setTimeout(() => {
      if (!this.stopped) this.start();
    }, slowestRetryMs);
  }

  private problem(message: string): void {
    if (!this.stopped) this.problems.problem(message);
  }
}
