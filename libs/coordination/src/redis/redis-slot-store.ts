/** The store of the slot protocol on Redis: each operation is one script, with a deadline. */
import { randomBytes } from 'node:crypto';
import { type Logger } from '@sluice/core';
import {
  type AssertAnswer,
  type AssertRequest,
  type ClaimAnswer,
  type ClaimRequest,
  type HandOverAnswer,
  type HandOverRequest,
  type ReleaseRequest,
  type RenewAnswer,
  type RenewRequest,
  type SlotStore,
} from '../store.js';
import { RedisLink, type RedisOptions } from './redis-link.js';
import {
  claimRefusal,
  type ForeignEntry,
  leases,
  malformed,
  slotEntries,
  slotEntry,
  text,
  words,
} from './replies.js';
import { type ScriptName } from './scripts/scripts.js';

interface CommonOptions {
  /** Of all keys; in braces, so that a cluster keeps them on one node. */
  readonly prefix?: string;
  readonly logger: Logger;
  /** Milliseconds until an operation that was not answered rejects; a lease must leave room for a second try. */
  readonly deadlineMs?: number;
  /** A new connection: what was known of leases may be lost. */
  readonly onConnected?: () => void;
  readonly onDisconnected?: () => void;
}

export type RedisSlotStoreOptions = CommonOptions &
  (
    | {
        /** redis://[user:password@]host:port[/db], or rediss:// for TLS. */
        readonly url: string;
      }
    | {
        /** Of `redisTarget`: addresses, Sentinels, user, TLS. */
        readonly redis: RedisOptions;
      }
  );

export const defaultRedisPrefix = '{sluice}:';
const defaultDeadlineMs = 300;
/** So many entries of somebody else are told one by one, and no more. */
const toldAtMost = 1000;

export class RedisSlotStore implements SlotStore {
  private readonly link: RedisLink;
  private readonly prefix: string;
  private readonly told = new Set<string>();

  constructor(private readonly options: RedisSlotStoreOptions) {
    this.prefix = options.prefix ?? defaultRedisPrefix;
    this.link = new RedisLink({
      target: options,
      logger: options.logger,
      deadlineMs: options.deadlineMs ?? defaultDeadlineMs,
      onConnected: () => options.onConnected?.(),
      onDisconnected: () => options.onDisconnected?.(),
    });
  }

  start(): void {
    this.link.start();
  }

  stop(): void {
    this.link.stop();
  }

  async renew({ gateway, incarnation, leaseMs, heard, observed }: RenewRequest): Promise<RenewAnswer> {
    const of = (name: string) => [this.renewals(name), this.heard(name)];
    const others = observed.flatMap((name) => [this.lease(name), ...of(name)]);
    const keys = [...this.keys(gateway), ...of(gateway), ...others];
    const args = [incarnation, leaseMs, heard];
    const [kind, first, second, third] = await this.run('renew', keys, args);
    if (kind === 'foreign') return { kind, incarnation: text(first) };
    if (kind !== 'renewed') throw malformed(kind);
    const { slots, foreign } = slotEntries(third);
    foreign.forEach((entry) => this.tell(entry));
    return { kind, mark: text(first), leases: leases(observed, second), slots };
  }

  async claim(request: ClaimRequest): Promise<ClaimAnswer> {
    const { gateway, incarnation, leaseMs, slot, epochRead, mark, floor } = request;
    const args = [incarnation, leaseMs, gateway, slot, epochRead, mark, floor, this.lease('')];
    const [kind, first, second] = await this.run('claim', this.keys(gateway), args);
    if (kind === 'claimed') return { kind, epoch: Number(first) };
    if (kind !== 'refused') throw malformed(kind);
    return { kind, reason: claimRefusal(first), entry: slotEntry(text(second)) };
  }

  async assert({ gateway, slot, mine }: AssertRequest): Promise<AssertAnswer> {
    const [kind, first] = await this.run('assert', this.keys(gateway), [gateway, slot, mine]);
    if (kind === 'asserted') return { kind, epoch: Number(first) };
    const entry = slotEntry(text(first));
    if (kind !== 'superseded' || entry === undefined) throw malformed([kind, first]);
    return { kind, entry };
  }

  async release({ gateway, slot, epoch }: ReleaseRequest): Promise<boolean> {
    return (await this.evaluate('release', this.keys(gateway), [gateway, slot, epoch])) === 1;
  }

  async handOver({ gateway, slot, epoch, successor }: HandOverRequest): Promise<HandOverAnswer> {
    const args = [gateway, slot, epoch, successor];
    const [kind, first] = await this.run('handOver', this.keys(gateway), args);
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

  private heard(gateway: string): string {
    return `${this.prefix}heard:${gateway}`;
  }

  private keys(gateway: string): readonly string[] {
    return [`${this.prefix}mark`, `${this.prefix}slots`, this.lease(gateway)];
  }

  private async run(
    script: ScriptName,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<readonly unknown[]> {
    return words(await this.evaluate(script, keys, args));
  }

  private evaluate(
    script: ScriptName,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<unknown> {
    return this.link.run(script, keys, [randomBytes(16).toString('hex'), ...args]);
  }

  /** Once for each entry that another program wrote. */
  private tell({ slot, text: written }: ForeignEntry): void {
    const seen = `${slot} ${written}`;
    if (this.told.has(seen) || this.told.size >= toldAtMost) return;
    this.told.add(seen);
    this.options.logger.error(
      { key: `${this.prefix}slots`, field: slot, value: written },
      'Redis holds an entry that Sluice did not write; it counts as missing. Give Sluice a prefix of its own',
    );
  }
}
