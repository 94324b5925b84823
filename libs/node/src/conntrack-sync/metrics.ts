/** What a gateway tells about the copies of its connections. */
import { Counter, Gauge, type Registry } from 'prom-client';

export interface SyncMetrics {
  readonly told: Counter;
  readonly changes: Counter<'change'>;
  readonly failures: Counter<'where'>;
  readonly snapshotSeconds: Gauge;
  readonly snapshotConnections: Gauge;
}

export function syncMetrics(registry: Registry): SyncMetrics {
  const registers = [registry];
  const metrics = {
    told: new Counter({
      name: 'sluice_conntrack_sync_told_total',
      help: 'Connections that this gateway told its successors of, with each snapshot again.',
      registers,
    }),
    changes: new Counter({
      name: 'sluice_conntrack_sync_changes_total',
      help: 'Copies of connections of other gateways that were made, refreshed or ended here.',
      labelNames: ['change'],
      registers,
    }),
    failures: new Counter({
      name: 'sluice_conntrack_sync_failures_total',
      help: 'Failures by where: kernel (a copy was refused), events (lost in the kernel), stream (Redis), peer (not understood).',
      labelNames: ['where'],
      registers,
    }),
    snapshotSeconds: new Gauge({
      name: 'sluice_conntrack_sync_snapshot_seconds',
      help: 'Time that the last snapshot took.',
      registers,
    }),
    snapshotConnections: new Gauge({
      name: 'sluice_conntrack_sync_snapshot_connections',
      help: 'Connections in the last snapshot.',
      registers,
    }),
  };
  for (const change of ['made', 'refreshed', 'ended']) metrics.changes.inc({ change }, 0);
  for (const where of ['kernel', 'events', 'stream', 'peer']) metrics.failures.inc({ where }, 0);
  return metrics;
}
