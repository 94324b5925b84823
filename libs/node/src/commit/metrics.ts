/** What a node tells about its commits. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface CommitMetrics {
  readonly commits: Counter;
  readonly firstCommit: Gauge;
  readonly flowMods: Counter<'command'>;
  readonly bundleSeconds: Histogram;
  readonly commitSeconds: Histogram;
  readonly changeSeconds: Histogram<'resource'>;
  readonly replayed: Counter;
  readonly failures: Counter<'code'>;
}

const buckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];
/** Closer together where one asks whether a change took 20 or 40 ms. */
const changeBuckets = [
  ...[0.002, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15],
  ...[0.2, 0.3, 0.5, 1, 2, 5, 10, 30],
];

export function commitMetrics(registry: Registry): CommitMetrics {
  const registers = [registry];
  const flowMods = new Counter({
    name: 'sluice_flow_mods_total',
    help: 'Flows that were added or deleted on the bridge since the process started.',
    labelNames: ['command'],
    registers,
  });
  flowMods.inc({ command: 'add' }, 0);
  flowMods.inc({ command: 'delete' }, 0);
  return {
    flowMods,
    commits: new Counter({
      name: 'sluice_commits_total',
      help: 'Passes after which the installed state was the desired one.',
      registers,
    }),
    firstCommit: new Gauge({
      name: 'sluice_first_commit_timestamp_seconds',
      help: 'Unix time at which the installed state was the desired one for the first time since the process started; 0 before.',
      registers,
    }),
    bundleSeconds: new Histogram({
      name: 'sluice_bundle_commit_seconds',
      help: 'Time from the first message of an OpenFlow bundle to the barrier after it.',
      buckets,
      registers,
    }),
    commitSeconds: new Histogram({
      name: 'sluice_commit_seconds',
      help: 'Time that a pass took to make the desired state so.',
      buckets,
      registers,
    }),
    changeSeconds: new Histogram({
      name: 'sluice_change_seconds',
      help: 'Time from an event of the API server until Open vSwitch had what it changed, by resource.',
      labelNames: ['resource'],
      buckets: changeBuckets,
      registers,
    }),
    replayed: new Counter({
      name: 'sluice_replayed_connections_total',
      help: 'Connections that were shown to a new gateway after a failover.',
      registers,
    }),
    failures: new Counter({
      name: 'sluice_commit_failures_total',
      help: 'Passes that failed, by error code.',
      labelNames: ['code'],
      registers,
    }),
  };
}
