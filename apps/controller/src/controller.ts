/**
 * The controller's loop: while it leads and has read everything, every change of the world makes a plan, and the plan is
 * written. A change while one is written makes one more; while changes do not end, a plan covers many of them.
 */
import { type Clock, describeError, type Logger, Runner } from '@sluice/core';
import { EventRecorder, type KubeClient, LeaderElection, type Lease } from '@sluice/kube';
import { planCluster } from '@sluice/model';
import { type HostedProcess } from '@sluice/runtime';
import { type Registry } from 'prom-client';
import { FleetMetrics } from './fleet-metrics.js';
import { FormerSlots } from './former-slots.js';
import { IdRecord } from './id-record.js';
import { LeaseSightings } from './lease-sightings.js';
import { type ControllerMetrics, controllerMetrics } from './metrics.js';
import { PlanWriter } from './plan-writer.js';
import { type ControllerSettings, isCoordinated } from './settings.js';
import { WorldWatch } from './world-watch.js';

export interface ControllerOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly settings: ControllerSettings;
}

/** Who holds which slot is said of addresses so much later: while slots move, others need the machine more. */
const saidAfterMs = 1000;
/** As the gateways renew: see apps/gateway. */
const leaseSeconds = 15;

export class Controller implements HostedProcess {
  private readonly watch: WorldWatch;
  private readonly election: LeaderElection;
  private readonly passes: Runner;
  private readonly ids: IdRecord;
  private readonly writer: PlanWriter;
  private readonly metrics: ControllerMetrics;
  private readonly fleet: FleetMetrics;
  private readonly sightings: LeaseSightings;
  private readonly formerSlots: FormerSlots;
  private cancelRecheck: (() => void) | undefined;
  private cancelSaying: (() => void) | undefined;

  constructor(private readonly options: ControllerOptions) {
    const { client, clock, logger, registry, settings } = options;
    const namespace = settings.SLUICE_NAMESPACE;
    const identity = settings.SLUICE_POD_NAME;
    this.metrics = controllerMetrics(registry);
    this.fleet = new FleetMetrics(registry);
    this.sightings = new LeaseSightings(clock);
    this.formerSlots = new FormerSlots(clock);
    this.ids = new IdRecord(client, namespace, logger);
    const events = new EventRecorder({
      client,
      clock,
      logger,
      component: 'sluice-controller',
      instance: identity,
    });
    this.writer = new PlanWriter({ client, ids: this.ids, events, writes: this.metrics.writes, logger });
    this.passes = new Runner({
      clock,
      pass: () => this.pass(),
      onError: (error, retryMs) => {
        logger.warn({ error: describeError(error), retryMs }, 'the plan was not written completely');
      },
    });
    this.watch = new WorldWatch({
      ...{ client, clock, logger, namespace },
      onChange: () => this.passes.mark(),
      onMoves: () => this.sayLater(),
      onRenewed: (lease) => this.renewed(lease),
      onReleased: (address) => this.formerSlots.released(address),
    });
    this.election = new LeaderElection({
      client,
      clock,
      logger,
      namespace,
      name: 'sluice-controller',
      identity,
      onLeading: (leading) => this.leadershipChanged(leading),
    });
  }

  start(): void {
    this.watch.start();
    this.election.start();
    void this.watch.synced().then(() => this.passes.mark());
  }

  async stop(): Promise<void> {
    this.cancelRecheck?.();
    this.cancelSaying?.();
    await this.passes.stop();
    await this.election.stop();
    await this.watch.stop();
    await this.options.client.close();
  }

  notReady(): string | undefined {
    return this.watch.isSynced ? undefined : 'the API server has not been read completely yet';
  }

  private sayLater(): void {
    this.cancelSaying ??= this.options.clock.after(saidAfterMs, () => {
      this.cancelSaying = undefined;
      this.passes.mark();
    });
  }

  /** Of a gateway that was there all the time it changes nothing; when it would be Lost, the plan looks again. */
  private renewed(lease: Lease): void {
    const quietMs = this.sightings.renewed(lease);
    if (quietMs === undefined || quietMs >= leaseSeconds * 1000) this.passes.mark();
  }

  private leadershipChanged(leading: boolean): void {
    this.metrics.leading.set(leading ? 1 : 0);
    if (!leading) this.fleet.reset();
    this.sightings.forget();
    // Another leader may have given out ids meanwhile.
    this.ids.forget();
    this.passes.mark();
  }

  private async pass(): Promise<void> {
    if (!this.watch.isSynced || !this.election.isLeading) return;
    const { clock, settings } = this.options;
    const resting = await this.ids.read();
    const nowMs = clock.wallMs();
    const watched = this.watch.world();
    const world = { ...watched, leases: this.sightings.seen(watched.leases) };
    this.fleet.observe(world);
    const done = this.metrics.planSeconds.startTimer();
    const plan = planCluster(world, {
      nowMs,
      nowIso: new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z'),
      resting,
      formerSlots: this.formerSlots.current(),
      defaultUplinkInterface: settings.SLUICE_UPLINK_INTERFACE,
      defaultLoadBalancer: settings.SLUICE_DEFAULT_LOAD_BALANCER,
      holders: isCoordinated(settings) ? 'recorded' : 'assigned',
      leaseSeconds,
    });
    done();
    this.recheck(plan.recheckAtMs);
    const quietly = this.cancelSaying !== undefined;
    const isWhole = await this.writer.write(plan, { quietly });
    if (!isWhole && !quietly) this.passes.mark();
  }

  /** Time alone changes the plan then. */
  private recheck(atMs: number | undefined): void {
    this.cancelRecheck?.();
    this.cancelRecheck = undefined;
    if (atMs === undefined) return;
    const { clock } = this.options;
    const longest = 3_600_000;
    const delayMs = Math.min(longest, Math.max(100, atMs - clock.wallMs() + 100));
    this.cancelRecheck = clock.after(delayMs, () => this.passes.mark());
  }
}
