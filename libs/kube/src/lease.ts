/**
 * Leases (coordination.k8s.io/v1). `LeaseRenewal` says that a process lives; `LeaderElection` lets one of several act.
 * Both judge by their own clock when they saw a Lease change, never by the time that another machine wrote into it.
 */
import { type Clock, describeError, type Logger } from '@sluice/core';
import { pause } from './backoff.js';
import { type KubeClient } from './client.js';
import { isAlreadyExists, isConflict } from './errors.js';
import { type Lease, leases } from './resources.js';

export interface LeaseOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly namespace: string;
  readonly name: string;
  /** Who holds it, unique among processes. */
  readonly identity: string;
}

export interface LeaseRenewalOptions extends LeaseOptions {
  readonly renewMs: number;
  readonly durationSeconds: number;
}

/** RFC 3339 with microseconds: metav1.MicroTime. */
const microTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');

/** Renews a Lease that nobody else wants; a failure is tried again with the next renewal. */
export class LeaseRenewal {
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  private failing = false;

  constructor(private readonly options: LeaseRenewalOptions) {}

  start(): void {
    this.running ??= this.run();
  }

  /** Renews no more. The Lease stays and ends by itself: a restart is no reason for anybody to act. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { clock, renewMs } = this.options;
    while (!this.stopping.signal.aborted) {
      await this.renew();
      await pause(clock, renewMs, this.stopping.signal);
    }
  }

  private async renew(): Promise<void> {
    const { client, clock, logger, namespace, name, identity, durationSeconds } = this.options;
    const spec = {
      holderIdentity: identity,
      leaseDurationSeconds: durationSeconds,
      renewTime: microTime(clock.wallMs()),
    };
    try {
      const options = { fieldManager: 'sluice-lease', force: true };
      await client.apply(leases, { metadata: { namespace, name }, spec }, options);
      if (this.failing) logger.info({ lease: name }, 'the lease is renewed again');
      this.failing = false;
    } catch (error) {
      if (!this.failing) logger.warn({ lease: name, error: describeError(error) }, 'cannot renew the lease');
      this.failing = true;
    }
  }
}

export interface LeaderElectionOptions extends LeaseOptions {
  readonly durationMs?: number;
  readonly renewDeadlineMs?: number;
  readonly retryMs?: number;
  /** Called with every change. Between `false` and the next `true` another process may lead. */
  readonly onLeading: (leading: boolean) => void;
}

export class LeaderElection {
  private readonly durationMs: number;
  private readonly deadlineMs: number;
  private readonly retryMs: number;
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  /** The Lease as seen last, and when it was seen to change. */
  private seen: { readonly version: string; readonly atMs: number } | undefined;
  private renewedAtMs: number | undefined;

  constructor(private readonly options: LeaderElectionOptions) {
    this.durationMs = options.durationMs ?? 15_000;
    this.deadlineMs = options.renewDeadlineMs ?? 10_000;
    this.retryMs = options.retryMs ?? 2000;
  }

  get isLeading(): boolean {
    return this.renewedAtMs !== undefined;
  }

  start(): void {
    this.running ??= this.run();
  }

  /** Gives the Lease back, so that another one leads at once. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
    if (!this.isLeading) return;
    this.become(undefined);
    await this.release();
  }

  private async run(): Promise<void> {
    const { clock, logger } = this.options;
    while (!this.stopping.signal.aborted) {
      try {
        await this.attempt();
      } catch (error) {
        logger.debug({ error: describeError(error) }, 'cannot take or renew the leadership');
      }
      this.checkDeadline();
      await pause(clock, this.retryMs, this.stopping.signal);
    }
  }

  private checkDeadline(): void {
    const { clock, logger } = this.options;
    if (this.renewedAtMs === undefined || clock.monotonicMs() - this.renewedAtMs < this.deadlineMs) return;
    logger.warn({}, 'the leadership was not renewed in time and is given up');
    this.become(undefined);
  }

  private async attempt(): Promise<void> {
    const { client, clock, namespace, name, identity } = this.options;
    const startedMs = clock.monotonicMs();
    const lease = await client.find(leases, { namespace, name });
    if (lease === undefined) {
      await this.create();
      this.become(startedMs);
      return;
    }
    const holder = lease.spec?.holderIdentity ?? '';
    if (holder !== identity && holder !== '' && !this.isExpired(lease)) {
      this.become(undefined);
      return;
    }
    await this.take(lease, holder === identity);
    this.become(startedMs);
  }

  private isExpired({ metadata }: Lease): boolean {
    const nowMs = this.options.clock.monotonicMs();
    const version = metadata.resourceVersion ?? '';
    if (this.seen?.version !== version) this.seen = { version, atMs: nowMs };
    return nowMs - this.seen.atMs >= this.durationMs;
  }

  private spec(renewal: boolean, before?: Lease) {
    const now = microTime(this.options.clock.wallMs());
    const transitions = before?.spec?.leaseTransitions ?? 0;
    return {
      holderIdentity: this.options.identity,
      leaseDurationSeconds: Math.ceil(this.durationMs / 1000),
      acquireTime: renewal ? (before?.spec?.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: renewal ? transitions : transitions + 1,
    };
  }

  private async create(): Promise<void> {
    const { client, namespace, name } = this.options;
    await client
      .create(leases, { metadata: { namespace, name }, spec: this.spec(false) })
      .catch((error: unknown) => {
        if (isAlreadyExists(error)) throw new Error('another process was faster', { cause: error });
        throw error;
      });
  }

  /** Fails with a conflict if anybody wrote the Lease since it was read. */
  private async take(before: Lease, renewal: boolean): Promise<void> {
    const { client, namespace, name } = this.options;
    const { resourceVersion } = before.metadata;
    const metadata = { namespace, name, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
    await client.replace(leases, { metadata, spec: this.spec(renewal, before) });
  }

  private async release(): Promise<void> {
    const { client, logger, namespace, name, identity } = this.options;
    try {
      const lease = await client.find(leases, { namespace, name });
      if (lease?.spec?.holderIdentity !== identity) return;
      const { resourceVersion } = lease.metadata;
      const metadata = { namespace, name, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
      await client.replace(leases, { metadata, spec: { ...lease.spec, holderIdentity: '' } });
    } catch (error) {
      if (!isConflict(error)) logger.warn({ error: describeError(error) }, 'cannot give the leadership back');
    }
  }

  private become(renewedAtMs: number | undefined): void {
    const was = this.isLeading;
    this.renewedAtMs = renewedAtMs;
    if (was === this.isLeading) return;
    this.options.logger.info(
      { leading: this.isLeading },
      this.isLeading ? 'leading now' : 'not leading any more',
    );
    this.options.onLeading(this.isLeading);
  }
}
