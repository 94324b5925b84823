/**
 * Tells of this gateway's connections: changes as they come, and now and then all of them.
 *
 *        events ──▶ collected for 20 ms ──▶ stream ◀── all, every 20 s, and at once after a loss
 *
 * Of the userspace datapath there are no events: snapshots come twice a second, of the few connections that need it.
 *
 * Open vSwitch lets the kernel tell when a connection begins and ends, not when it is established (datapath/conntrack.c):
 * a new one counts as established, and timeouts come with the snapshots. Nothing waits here for Redis: what cannot be told
 * is dropped, and a snapshot follows when Redis is back.
 */
import { type Clock } from '@sluice/core';
import { type ConntrackEntry, type EntryChange, isClosing, protocols, recreation } from '@sluice/netlink';
import { encodeBatch, type SyncBatch, type SyncConnection } from './batch.js';
import { type SyncMetrics } from './metrics.js';
import { addressIn, type SyncMode } from './plan.js';
import { type ConnectionTable, type SyncStreams } from './ports.js';

export interface PublisherOptions {
  readonly clock: Clock;
  readonly table: Pick<ConnectionTable, 'dump'>;
  readonly streams: Pick<SyncStreams, 'append' | 'forgetBefore'>;
  readonly metrics: SyncMetrics;
  /** Of this process: another one numbers its snapshots anew. */
  readonly firstSnapshot: number;
  readonly mode: Pick<SyncMode, 'snapshotMs' | 'snapshotShare'>;
}

const collectMs = 20;
const batchSize = 512;
/** More than this waits for Redis only while Redis is slow. */
const mostPending = 50_000;
const retryMs = 1000;
/** Seconds that a connection lives on the successor before its own timeout is known. */
const newTimeoutS = 300;

type Change = Extract<SyncBatch, { kind: 'alive' | 'gone' }>;

export class Publisher {
  private published: ReadonlySet<string> = new Set();
  private pending: { readonly kind: Change['kind']; readonly connection: SyncConnection }[] = [];
  private snapshot: number;
  /** Changes were not told: they are in the next snapshot. */
  private behind = true;
  private running = false;
  private cancelFlush: (() => void) | undefined;
  private cancelSnapshot: (() => void) | undefined;
  private turn: Promise<void> = Promise.resolve();

  constructor(private readonly options: PublisherOptions) {
    this.snapshot = options.firstSnapshot;
  }

  start(): void {
    this.running = true;
    this.snapshotIn(0);
  }

  async stop(): Promise<void> {
    this.running = false;
    this.cancelFlush?.();
    this.cancelSnapshot?.();
    await this.turn;
  }

  /** Addresses whose connections are told of. */
  update(published: ReadonlySet<string>): void {
    const more = [...published].some((address) => !this.published.has(address));
    this.published = published;
    if (more) this.lost();
  }

  /** An event of the kernel. */
  changed(change: EntryChange, entry: ConntrackEntry): void {
    if (this.behind || !this.running || !this.isTold(entry)) return;
    if (change !== 'destroy' && (isClosing(entry) || isHalfKnown(entry))) return;
    const kind = change === 'destroy' ? 'gone' : 'alive';
    this.pending.push({ kind, connection: recreation(entry, newTimeoutS) });
    if (this.pending.length > mostPending) this.lost();
    else if (this.pending.length >= batchSize) this.flush();
    else this.cancelFlush ??= this.options.clock.after(collectMs, () => this.flush());
  }

  /** Changes were lost: all is told again. */
  lost(): void {
    this.behind = true;
    this.pending = [];
    this.snapshotIn(0);
  }

  /** Resolves when what was begun is told. */
  settled(): Promise<void> {
    return this.turn;
  }

  private isBehind(): boolean {
    return this.behind;
  }

  private isTold({ reply, original }: ConntrackEntry): boolean {
    return addressIn(this.published, original, reply.destination) !== undefined;
  }

  private flush(): void {
    this.cancelFlush?.();
    this.cancelFlush = undefined;
    const changes = this.pending;
    this.pending = [];
    this.inTurn(async () => {
      if (this.behind) return;
      for (const batch of runs(changes)) await this.tell(batch);
    });
  }

  private snapshotIn(ms: number): void {
    if (!this.running) return;
    this.cancelSnapshot?.();
    this.cancelSnapshot = this.options.clock.after(ms, () =>
      this.inTurn(async () => {
        const { snapshotMs, snapshotShare } = this.options.mode;
        const tookMs = await this.tellAll();
        this.snapshotIn(this.isBehind() ? 0 : Math.max(snapshotMs, tookMs / snapshotShare));
      }),
    );
  }

  /** Changes from here on are told behind the snapshot; those that it has already do no harm. */
  private async tellAll(): Promise<number> {
    const { clock, streams, metrics, table } = this.options;
    const startedMs = clock.monotonicMs();
    this.behind = false;
    if (this.published.size === 0) return 0;
    this.snapshot = (this.snapshot + 1) >>> 0;
    const { snapshot } = this;
    const batches = new SnapshotBatches(snapshot);
    await table.dump((entry) => {
      if (this.isTold(entry) && !isClosing(entry)) batches.add(recreation(entry, newTimeoutS));
    });
    const begin = await streams.append(encodeBatch({ kind: 'begin', snapshot }));
    const { parts, count } = batches.finish();
    for (const part of parts) await streams.append(part);
    await streams.append(encodeBatch({ kind: 'end', snapshot, count }));
    await streams.forgetBefore(begin);
    const tookMs = clock.monotonicMs() - startedMs;
    metrics.told.inc(count);
    metrics.snapshotConnections.set(count);
    metrics.snapshotSeconds.set(tookMs / 1000);
    return tookMs;
  }

  private async tell(batch: Change): Promise<void> {
    await this.options.streams.append(encodeBatch(batch));
    this.options.metrics.told.inc(batch.connections.length);
  }

  /** Steps one after the other. One that fails leaves everything to a snapshot a little later. */
  private inTurn(work: () => Promise<void>): void {
    this.turn = this.turn.then(async () => {
      if (!this.running) return;
      try {
        await work();
      } catch {
        // Who failed has said so, once.
        this.behind = true;
        this.pending = [];
        this.options.metrics.failures.inc({ where: 'stream' });
        this.snapshotIn(retryMs);
      }
    });
  }
}

/** The first packet shows one of SCTP's two tags: the other is in a later snapshot. */
const isHalfKnown = ({ original, state }: ConntrackEntry): boolean =>
  original.protocol === protocols.sctp &&
  (state?.kind !== 'sctp' || state.vtagOriginal === 0 || state.vtagReply === 0);

/** Neighbours of one kind together, in order. */
function runs(
  changes: readonly { readonly kind: Change['kind']; readonly connection: SyncConnection }[],
): Change[] {
  const batches: { kind: Change['kind']; connections: SyncConnection[] }[] = [];
  for (const { kind, connection } of changes) {
    const last = batches.at(-1);
    if (last?.kind === kind && last.connections.length < batchSize) last.connections.push(connection);
    else batches.push({ kind, connections: [connection] });
  }
  return batches;
}

/** A snapshot as bytes: a hundred thousand connections are three megabytes so, and a hundred as objects. */
class SnapshotBatches {
  private readonly parts: Uint8Array[] = [];
  private collected: SyncConnection[] = [];
  private count = 0;

  constructor(private readonly snapshot: number) {}

  add(connection: SyncConnection): void {
    this.collected.push(connection);
    this.count++;
    if (this.collected.length >= batchSize) this.pack();
  }

  finish(): { readonly parts: readonly Uint8Array[]; readonly count: number } {
    if (this.collected.length > 0) this.pack();
    return { parts: this.parts, count: this.count };
  }

  private pack(): void {
    this.parts.push(encodeBatch({ kind: 'part', snapshot: this.snapshot, connections: this.collected }));
    this.collected = [];
  }
}
