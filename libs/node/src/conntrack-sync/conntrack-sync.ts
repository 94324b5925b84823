/**
 * Keeps copies of this gateway's connections on its successors, and of theirs here. It begins again by itself after
 * whatever goes wrong, and nothing waits for it.
 */
import { type Clock, describeError, type Logger } from '@sluice/core';
import { type GlobalSlot, type SlotView } from '@sluice/model';
import { ConntrackCodecError, type ConntrackEntry, type EntryChange } from '@sluice/netlink';
import { Follower } from './follower.js';
import { type SyncMetrics } from './metrics.js';
import { emptyPlan, type SyncMode, syncPlan, type SyncPlan } from './plan.js';
import { type ConnectionTable, type Position, streamStart, type SyncStreams, type Told } from './ports.js';
import { Publisher } from './publisher.js';

/** The connections of a datapath, open. */
export interface Connections {
  /** What this gateway tells of. */
  readonly own: Pick<ConnectionTable, 'dump'>;
  /** Where copies are made and ended. */
  readonly copies: ConnectionTable;
  /** What this gateway carries, after every change. */
  carried?(plan: Pick<SyncPlan, 'carried' | 'foreign'>): void;
  close(): Promise<void>;
}

export interface ConnectionsListener {
  readonly onChange: (change: EntryChange, entry: ConntrackEntry) => void;
  readonly onLost: () => void;
  readonly onFailed: (error: unknown) => void;
}

export interface ConntrackSyncOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: SyncMetrics;
  /** The gateway's conntrack zone. */
  readonly zone: number;
  readonly streams: SyncStreams;
  readonly mode: SyncMode;
  readonly openConnections: (listener: ConnectionsListener) => Promise<Connections>;
  /** Random, 32 bits. */
  readonly firstSnapshot: number;
}

const retryMs = 1000;
const reopenMs = 10_000;

interface Running {
  readonly connections: Connections;
  readonly publisher: Publisher;
  readonly follower: Follower;
}

export class ConntrackSync {
  private plan: SyncPlan = emptyPlan;
  private running: Running | undefined;
  private stopping = false;
  private lastProblem: string | undefined;
  private refusedPeers = new Set<string>();
  private readonly positions = new Map<string, Position>();
  private wake: () => void = () => undefined;
  private work: Promise<void> = Promise.resolve();

  constructor(private readonly options: ConntrackSyncOptions) {}

  start(): void {
    this.work = this.run();
  }

  /** Copies stay: they are of use to whoever takes an address over. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.wake();
    await this.running?.publisher.stop();
    await this.work;
  }

  /** What the cluster says of the slots, and which of them this gateway carries. */
  update(view: SlotView, open: ReadonlySet<GlobalSlot>): void {
    this.plan = syncPlan(view, open, this.options.mode);
    this.running?.connections.carried?.(this.plan);
    this.running?.publisher.update(this.plan.published);
    this.running?.follower.update(this.plan);
    this.wake();
  }

  private isStopping(): boolean {
    return this.stopping;
  }

  private async run(): Promise<void> {
    while (!this.isStopping()) {
      try {
        const { failed } = await this.open();
        await Promise.race([failed, this.follow()]);
      } catch (error) {
        this.say(describeError(error));
      }
      await this.close();
      if (!this.isStopping()) await this.pause(reopenMs);
    }
  }

  /** Resolves when it runs; `failed` rejects when the kernel tells no more. */
  private async open(): Promise<{ readonly failed: Promise<never> }> {
    const { clock, streams, metrics, zone, logger, firstSnapshot, mode } = this.options;
    const { promise: failed, reject } = Promise.withResolvers<never>();
    failed.catch(() => undefined);
    const connections = await this.options.openConnections({
      onChange: (change, entry) => this.running?.publisher.changed(change, entry),
      onLost: () => {
        metrics.failures.inc({ where: 'events' });
        this.running?.publisher.lost();
      },
      onFailed: reject,
    });
    const { own, copies } = connections;
    const publisher = new Publisher({ clock, table: own, streams, metrics, firstSnapshot, mode });
    const follower = new Follower({ zone, table: copies, logger, metrics });
    this.running = { connections, publisher, follower };
    connections.carried?.(this.plan);
    publisher.update(this.plan.published);
    follower.update(this.plan);
    publisher.start();
    if (this.lastProblem !== undefined) logger.info({}, 'connections are tracked again');
    this.lastProblem = undefined;
    return { failed };
  }

  private async close(): Promise<void> {
    const { running } = this;
    this.running = undefined;
    await running?.publisher.stop();
    await running?.connections.close();
  }

  private async follow(): Promise<void> {
    while (!this.isStopping()) {
      const after = new Map(
        [...this.plan.copied.keys()].map((gateway) => [gateway, this.positions.get(gateway) ?? streamStart]),
      );
      if (after.size === 0) await this.pause(retryMs);
      else await this.followOnce(after);
    }
  }

  private async followOnce(after: ReadonlyMap<string, Position>): Promise<void> {
    const { streams, metrics } = this.options;
    let told: readonly Told[];
    try {
      told = await streams.read(after);
    } catch {
      // The streams have said why, once.
      metrics.failures.inc({ where: 'stream' });
      await this.pause(retryMs);
      return;
    }
    for (const one of told) await this.apply(one);
  }

  private async apply({ gateway, position, batch }: Told): Promise<void> {
    if (this.isStopping()) return;
    this.positions.set(gateway, position);
    try {
      await this.running?.follower.apply(gateway, batch);
    } catch (error) {
      if (!(error instanceof ConntrackCodecError)) throw error;
      this.options.metrics.failures.inc({ where: 'peer' });
      if (!this.refusedPeers.has(gateway))
        this.options.logger.warn({ gateway, error: error.message }, 'a gateway is not understood');
      this.refusedPeers.add(gateway);
    }
  }

  /** Until the time is over, or something changed. */
  private async pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.options.clock.after(ms, resolve);
      this.wake = () => {
        cancel();
        resolve();
      };
    });
  }

  private say(problem: string): void {
    if (problem === this.lastProblem) return;
    this.lastProblem = problem;
    this.options.logger.warn(
      { error: problem },
      'connections are not synchronised; trying again. After a failover those whose Pod is silent may hang',
    );
  }
}
