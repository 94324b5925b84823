/**
 * Makes the connections that other gateways tell of. A copy of a connection whose address this gateway does not hold does
 * nothing; when the gateway takes the address over, the connection is there already.
 *
 * Nothing is remembered but the keys of a snapshot that is being told: what is there is what the kernel shows. At the end
 * of a whole snapshot, copies that were not in it are ended; a snapshot of which a part is missing ends none.
 */
import { type Logger } from '@sluice/core';
import { type Changes, type ConntrackEntry, inverse, type Tuple, tupleKey } from '@sluice/netlink';
import { decodeBatch, type SyncConnection } from './batch.js';
import { type SyncMetrics } from './metrics.js';
import { addressIn, emptyPlan, type SyncPlan } from './plan.js';
import { type ConnectionTable } from './ports.js';

export interface FollowerOptions {
  readonly zone: number;
  readonly table: ConnectionTable;
  readonly logger: Logger;
  readonly metrics: SyncMetrics;
}

interface Snapshot {
  readonly number: number;
  readonly keys: Set<string>;
  count: number;
}

const nothing: ReadonlySet<string> = new Set();

const replyDestination = ({ original, sourceNat }: SyncConnection): string =>
  sourceNat?.address ?? inverse(original).destination;

export class Follower {
  private plan: SyncPlan = emptyPlan;
  private readonly snapshots = new Map<string, Snapshot>();
  private refusedBefore = false;

  constructor(private readonly options: FollowerOptions) {}

  update(plan: SyncPlan): void {
    this.plan = plan;
  }

  /** One batch of one gateway. Rejects when the kernel cannot be asked, or the batch is not understood. */
  async apply(gateway: string, bytes: Uint8Array): Promise<void> {
    const batch = decodeBatch(bytes);
    switch (batch.kind) {
      case 'begin':
        this.snapshots.set(gateway, { number: batch.snapshot, keys: new Set(), count: 0 });
        return;
      case 'part':
        this.note(gateway, batch.connections, batch.snapshot);
        return this.make(gateway, batch.connections);
      case 'alive':
        this.note(gateway, batch.connections);
        return this.make(gateway, batch.connections);
      case 'gone':
        return this.end(gateway, batch.connections);
      case 'end':
        return this.prune(gateway, batch);
    }
  }

  private note(gateway: string, connections: readonly SyncConnection[], number?: number): void {
    const snapshot = this.snapshots.get(gateway);
    if (snapshot === undefined) return;
    for (const { original } of connections) snapshot.keys.add(tupleKey(original));
    if (number === snapshot.number) snapshot.count += connections.length;
  }

  private async make(gateway: string, connections: readonly SyncConnection[]): Promise<void> {
    const { zone, table } = this.options;
    const wanted = connections
      .filter((connection) => this.isOf(this.plan.copied.get(gateway), connection))
      .map((connection) => ({ ...connection, zone }));
    if (wanted.length === 0) return;
    const inserted = await table.insert(wanted);
    this.count('made', inserted);
    const refresh = inserted.passed
      .flatMap((at) => wanted[at] ?? [])
      .filter((connection) => !this.isOf(this.plan.carried, connection));
    if (refresh.length > 0) this.count('refreshed', await table.update(refresh));
  }

  private async end(gateway: string, connections: readonly SyncConnection[]): Promise<void> {
    const copied = this.plan.copied.get(gateway);
    const ended = connections.filter(
      (connection) => this.isOf(copied, connection) && !this.isOf(this.plan.carried, connection),
    );
    const keys = this.snapshots.get(gateway)?.keys;
    for (const { original } of ended) keys?.delete(tupleKey(original));
    await this.delete(ended.map(({ original }) => original));
  }

  private async prune(
    gateway: string,
    { snapshot, count }: { readonly snapshot: number; readonly count: number },
  ): Promise<void> {
    const known = this.snapshots.get(gateway);
    this.snapshots.delete(gateway);
    if (known?.number !== snapshot || known.count !== count) return;
    const addresses = this.plan.settled.get(gateway);
    if (addresses === undefined) return;
    const stale: { readonly address: string; readonly original: Tuple }[] = [];
    await this.options.table.dump(({ original, reply }: ConntrackEntry) => {
      const address = addressIn(addresses, original, reply.destination);
      if (address !== undefined && !known.keys.has(tupleKey(original))) stale.push({ address, original });
    });
    // What was taken over meanwhile is this gateway's own.
    const { carried } = this.plan;
    await this.delete(stale.flatMap(({ address, original }) => (carried.has(address) ? [] : original)));
  }

  private async delete(originals: readonly Tuple[]): Promise<void> {
    if (originals.length > 0) this.count('ended', await this.options.table.delete(originals));
  }

  private isOf(addresses: ReadonlySet<string> = nothing, connection: SyncConnection): boolean {
    return addressIn(addresses, connection.original, replyDestination(connection)) !== undefined;
  }

  private count(change: 'made' | 'refreshed' | 'ended', { done, failures }: Changes): void {
    const { metrics, logger } = this.options;
    metrics.changes.inc({ change }, done);
    if (failures.size === 0) return;
    metrics.failures.inc(
      { where: 'kernel' },
      [...failures.values()].reduce((sum, count) => sum + count),
    );
    if (!this.refusedBefore)
      logger.warn(
        { failures: Object.fromEntries(failures) },
        'the kernel refused copies of connections; is net.netfilter.nf_conntrack_max reached?',
      );
    this.refusedBefore = true;
  }
}
