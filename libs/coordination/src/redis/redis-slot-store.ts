/** The store of the slot protocol on Redis: each operation is one script, with a deadline. */
import { randomBytes } from 'node:crypto';
import { describeError, type Logger, RemoteError, TransportError } from '@sluice/core';
import { Redis, ReplyError } from 'ioredis';
import {
  type AssertAnswer,
  type AssertRequest,
  type ClaimAnswer,
  type ClaimRefusal,
  type ClaimRequest,
  type HandOverAnswer,
  type HandOverRequest,
  type ReleaseRequest,
  type RenewAnswer,
  type RenewRequest,
  type SlotStore,
} from '../store.js';
import { leases, malformed, slotEntries, slotEntry, text, words } from './replies.js';
import * as scripts from './scripts.js';

export interface RedisSlotStoreOptions {
  /** redis://[user:password@]host:port[/db], or rediss:// for TLS. */
  readonly url: string;
  /** Of all keys; in braces, so that a cluster keeps them on one node. */
  readonly prefix?: string;
  readonly logger: Logger;
  /** A new connection: what was known of leases may be lost. */
  readonly onConnected?: () => void;
}

/** Milliseconds; shorter than a lease by enough to try again. */
const deadlineMs = 250;
const slowestRetryMs = 500;

export class RedisSlotStore implements SlotStore {
  private readonly redis: Redis;
  private readonly prefix: string;
  private lastProblem: string | undefined;

  constructor(private readonly options: RedisSlotStoreOptions) {
    this.prefix = options.prefix ?? '{sluice}:';
    this.redis = new Redis(options.url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      enableAutoPipelining: true,
      maxRetriesPerRequest: 0,
      connectTimeout: 1000,
      commandTimeout: deadlineMs,
      retryStrategy: (attempt) => Math.min(slowestRetryMs, 50 * attempt),
    });
    this.redis.on('ready', () => {
      this.lastProblem = undefined;
      options.logger.info({}, 'connected to Redis');
      options.onConnected?.();
    });
    this.redis.on('error', (error: Error) => this.problem(error));
  }

  start(): void {
    // What goes wrong is told by the event; Redis is tried again for ever.
    this.redis.connect().catch(() => undefined);
  }

  stop(): void {
    this.redis.disconnect();
  }

  async renew({ gateway, incarnation, leaseMs, observed }: RenewRequest): Promise<RenewAnswer> {
    const others = observed.flatMap((name) => [this.lease(name), this.renewals(name)]);
    const keys = [...this.keys(gateway), this.renewals(gateway), ...others];
    const [kind, first, second, third] = await this.run(scripts.renew, keys, [incarnation, leaseMs]);
    if (kind === 'foreign') return { kind, incarnation: text(first) };
    if (kind !== 'renewed') throw malformed(kind);
    return { kind, mark: text(first), leases: leases(observed, second), slots: slotEntries(third) };
  }

  async claim(request: ClaimRequest): Promise<ClaimAnswer> {
    const { gateway, incarnation, leaseMs, slot, epochRead, mark, floor } = request;
    const args = [incarnation, leaseMs, gateway, slot, epochRead, mark, floor, this.lease('')];
    const [kind, first, second] = await this.run(scripts.claim, this.keys(gateway), args);
    if (kind === 'claimed') return { kind, epoch: Number(first) };
    if (kind !== 'refused') throw malformed(kind);
    return { kind, reason: text(first) as ClaimRefusal, entry: slotEntry(text(second)) };
  }

  async assert({ gateway, slot, mine }: AssertRequest): Promise<AssertAnswer> {
    const [kind, first] = await this.run(scripts.assert, this.keys(gateway), [gateway, slot, mine]);
    if (kind === 'asserted') return { kind, epoch: Number(first) };
    const entry = slotEntry(text(first));
    if (kind !== 'superseded' || entry === undefined) throw malformed([kind, first]);
    return { kind, entry };
  }

  async release({ gateway, slot, epoch }: ReleaseRequest): Promise<boolean> {
    return (await this.evaluate(scripts.release, this.keys(gateway), [gateway, slot, epoch])) === 1;
  }

  async handOver({ gateway, slot, epoch, successor }: HandOverRequest): Promise<HandOverAnswer> {
    const args = [gateway, slot, epoch, successor];
    const [kind, first] = await this.run(scripts.handOver, this.keys(gateway), args);
    if (kind === 'handed-over') return { kind, epoch: Number(first) };
    if (kind !== 'refused') throw malformed(kind);
    return { kind, entry: slotEntry(text(first)) };
  }

  private lease(gateway: string): string {
    return `${this.prefix}lease:${gateway}`;
  }

  private renewals(gateway: string): string {
    return `${this.prefix}renewals:${gateway}`;
  }

  private keys(gateway: string): readonly string[] {
    return [`${this.prefix}mark`, `${this.prefix}slots`, this.lease(gateway)];
  }

  private async run(
    script: string,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<readonly unknown[]> {
    return words(await this.evaluate(script, keys, args));
  }

  private async evaluate(
    script: string,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<unknown> {
    const mark = randomBytes(16).toString('hex');
    try {
      return await this.redis.eval(script, keys.length, ...keys, mark, ...args);
    } catch (cause) {
      if (cause instanceof ReplyError) {
        const message = `Redis refused a script of Sluice: ${describeError(cause)}`;
        throw new RemoteError('SLUICE_STORE_REFUSED', { message, cause, retryable: true });
      }
      const message = `Redis does not answer: ${describeError(cause)}`;
      throw new TransportError('SLUICE_STORE_UNREACHABLE', { message, cause });
    }
  }

  /** Once for each new problem. */
  private problem(error: Error): void {
    if (error.message === this.lastProblem) return;
    this.lastProblem = error.message;
    this.options.logger.warn({ error: error.message }, 'no connection to Redis; trying again');
  }
}
