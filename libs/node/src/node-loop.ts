/**
 * One node's loop: what the cluster wants and what the host is -> intent -> compiled state -> commit -> report. Agents
 * and gateways differ by the roles in their facts and by their reporter; a node with both roles runs one loop.
 */
import { type Clock, describeError, type Logger, Runner, SluiceError } from '@sluice/core';
import { type Compiler } from '@sluice/datapath';
import { type Intent, type NodeFacts, resolve, ServiceBook, type World } from '@sluice/model';
import { type HostNetwork } from '@sluice/netlink';
import { type Nft } from '@sluice/nft';
import { type ChangeTimes } from './commit/change-times.js';
import { type Committer } from './commit/committer.js';
import { type CommitMetrics } from './commit/metrics.js';
import { type HostFacts, type HostFactsReader } from './facts/host-facts.js';
import { KnownHost } from './facts/known-host.js';
import { type MarkCheck } from './marks/mark-check.js';
import { nicSysctls, nicTable, nicTableName } from './nic/silence.js';
import { type NicTakeover } from './nic/takeover.js';
import { NodeProblem, problemOf, type Problem } from './report/problem.js';
import { type ConnectionCaps } from './services/connection-caps.js';
import { type HealthChecks } from './services/health-checks.js';
import { type StaleClients } from './services/stale-clients.js';
import { type ReplayRoutes, type Replayer } from './replay/replayer.js';
import { type Reporter } from './report/reporter.js';
import { Duties } from './slots/duties.js';
import { type SlotKeeper } from './slots/slot-keeper.js';
import { type Switch } from './switch/switch.js';
import { type ClusterWatch } from './world/cluster-watch.js';

export interface NodeLoopOptions {
  readonly nodeName: string;
  readonly roles: NodeFacts['roles'];
  readonly datapath: 'system' | 'netdev';
  readonly clusterCidrs: readonly string[];
  /** Whether LoadBalancer Services without a class get their addresses from pools. */
  readonly defaultLoadBalancer: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: CommitMetrics;
  readonly changes: Pick<ChangeTimes, 'begin'>;
  readonly watch: Pick<ClusterWatch, 'isSynced' | 'knowsNode' | 'world'>;
  readonly switch: Pick<Switch, 'state' | 'onChange' | 'restored' | 'send'>;
  readonly network: Pick<HostNetwork, 'monitor' | 'routes' | 'writeSysctl'>;
  readonly nft: Pick<Nft, 'ensure'>;
  readonly hostFacts: Pick<HostFactsReader, 'read'>;
  readonly takeover: Pick<NicTakeover, 'settle'>;
  readonly compiler: Compiler;
  readonly committer: Pick<Committer, 'commit' | 'repairHost' | 'forget'>;
  readonly reporter: Reporter;
  /** Agents only. */
  readonly replayer?: Pick<Replayer, 'update' | 'stop'>;
  /** Gateways only. */
  readonly healthChecks?: Pick<HealthChecks, 'update' | 'stop'>;
  readonly staleClients?: Pick<StaleClients, 'update' | 'stop'>;
  readonly caps?: Pick<ConnectionCaps, 'apply' | 'stop'>;
  /** Agents only. */
  readonly marks?: Pick<MarkCheck, 'check'>;
  /** Gateways only. */
  readonly keeper?: SlotKeeper;
  /** OpenFlow port of the uplink. */
  readonly uplinkPort: number;
}

/** Failed passes after which a problem is told; about a second. */
const patience = 4;

/** Before the first pass, and while the controller has not spoken: not ready, and nothing to tell anybody. */
const starting: Problem = { reason: 'OVSUnavailable', message: 'not connected yet' };

const nothingToReplay: ReplayRoutes = { egresses: [], slots: [] };

export class NodeLoop {
  private readonly runner: Runner;
  private readonly reports: Runner;
  private readonly dutiesRunner: Runner;
  private readonly duties: Duties;
  private readonly host: KnownHost;
  private readonly book: ServiceBook;
  private committed: Intent | undefined;
  /** The host as it was read when what others may have changed there was last put right. */
  private repaired: HostFacts | undefined;
  private facts: NodeFacts | undefined;
  private problem: Problem | undefined = starting;
  private failures = 0;
  /** A pass came to an end once; before, what failed may just have been early. */
  private looked = false;
  /** What the loop waited for last. */
  private waiting: string | undefined;
  private readonly stopping = new AbortController();

  constructor(private readonly options: NodeLoopOptions) {
    const { clock, logger, defaultLoadBalancer, nodeName, watch, keeper } = options;
    this.host = new KnownHost(options);
    this.duties = new Duties({
      ...{ nodeName, clock, keeper },
      world: () => watch.world(),
      send: (frames) => this.send(frames),
    });
    this.book = new ServiceBook({ defaultClass: defaultLoadBalancer });
    this.runner = new Runner({
      clock,
      pass: () => this.pass(),
      onError: (error, retryMs) => this.failed(error, retryMs),
    });
    this.reports = new Runner({
      clock,
      pass: () => this.report(),
      onError: (error, retryMs) =>
        logger.warn(
          { error: describeError(error), retryMs },
          'cannot report to the API server; trying again',
        ),
    });
    this.dutiesRunner = new Runner({
      clock,
      pass: () => {
        this.duties.tellKeeper();
        return Promise.resolve();
      },
      onError: (error) => logger.error({ error: describeError(error) }, 'the slots were not looked at'),
    });
    options.switch.onChange(() => this.switchChanged());
    keeper?.onChange(() => this.slotsChanged());
    keeper?.onAnnounceAgain((slots) => this.duties.announceAgain(slots));
  }

  /** Why the node does not do its work now; undefined: it does. */
  get currentProblem(): Problem | undefined {
    return this.problem;
  }

  /** Something of the cluster's objects changed. */
  mark(): void {
    this.runner.mark();
    this.reports.mark();
  }

  /** The same, of what everything else depends on: who the gateways are and what they hold, or Open vSwitch itself. */
  markUrgent(): void {
    this.runner.markUrgent();
    this.reports.mark();
  }

  /** Something changed that says who is to hold which slot: a pass may take seconds, or wait for Open vSwitch. */
  markDuties(): void {
    this.dutiesRunner.markUrgent();
  }

  /** Something changed that only the node's reports depend on. */
  markReport(): void {
    this.reports.mark();
  }

  /** Follows the host's network configuration until `stop`. */
  start(): void {
    void this.follow();
    this.options.keeper?.start();
    this.mark();
  }

  /** Ends the loop; everything that is installed stays. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.duties.stop();
    this.options.replayer?.stop();
    this.options.healthChecks?.stop();
    this.options.caps?.stop();
    this.options.staleClients?.stop();
    const runners = [this.runner, this.reports, this.dutiesRunner].map((runner) => runner.stop());
    await Promise.all([...runners, this.options.keeper?.stop()]);
  }

  private switchChanged(): void {
    this.options.committer.forget();
    this.options.keeper?.switchChanged();
    this.host.forget();
    this.markUrgent();
  }

  private slotsChanged(): void {
    this.duties.announce();
    this.reports.mark();
  }

  private async follow(): Promise<void> {
    for await (const event of this.options.network.monitor(this.stopping.signal, [
      'link',
      'address',
      'route',
      'rule',
    ])) {
      this.host.changed(event);
      this.runner.mark();
    }
  }

  private async pass(): Promise<void> {
    const { watch, changes } = this.options;
    if (!watch.isSynced) {
      await this.lookAhead();
      return;
    }
    const covered = changes.begin();
    let done = false;
    try {
      done = await this.passOnce(watch.world());
    } finally {
      if (done) covered.done();
      else covered.failed();
    }
  }

  /** The host is looked at while the API server still sends; what is wrong with it is the first pass's to tell. */
  private async lookAhead(): Promise<void> {
    const { watch } = this.options;
    if (watch.knowsNode) await this.readHost(watch.world()).catch(() => undefined);
  }

  /** Throws NodeProblem while the node cannot do its work. */
  private async readHost(world: World): Promise<HostFacts> {
    this.requireSwitch();
    await this.options.marks?.check();
    return this.host.read(world);
  }

  /** False: the controller has not spoken yet, and nothing was done. */
  private async passOnce(world: World): Promise<boolean> {
    const { logger } = this.options;
    const host = await this.readHost(world);
    const facts = await this.host.facts(world, host);
    this.facts = facts;
    const resolution = resolve(world, facts, this.book);
    if (resolution.kind === 'waiting') {
      if (resolution.reason !== this.waiting)
        logger.info({ reason: resolution.reason }, 'waiting for the controller');
      this.waiting = resolution.reason;
      this.problem = starting;
      this.looked = true;
      this.reports.mark();
      return false;
    }
    const intent = this.withCaps(resolution.intent);
    await this.commit(intent, host);
    this.options.replayer?.update(intent.agent ?? nothingToReplay);
    this.options.staleClients?.update(intent.gateway?.services ?? []);
    this.options.healthChecks?.update(intent.gateway?.healthChecks ?? []);
    this.duties.programmed(world, intent);
    this.duties.tellKeeper();
    this.settled();
    return true;
  }

  /** Services that are at their cap refuse new connections. */
  private withCaps(intent: Intent): Intent {
    const { gateway } = intent;
    if (gateway === undefined || this.options.caps === undefined) return intent;
    const services = this.options.caps.apply(gateway.services);
    if (services === gateway.services) return intent;
    return { ...intent, gateway: { ...gateway, services } };
  }

  /** Throws NodeProblem while Open vSwitch cannot be used. */
  private requireSwitch(): void {
    const { state } = this.options.switch;
    switch (state.kind) {
      case 'ready':
        return;
      case 'absent':
        throw new NodeProblem('OVSUnavailable', state.message);
      case 'too-old':
        throw new NodeProblem(
          'OVSTooOld',
          `Open vSwitch is ${state.version}, and Sluice needs 3.1 or newer; upgrade the sluice-ovs DaemonSet`,
        );
    }
  }

  private async commit(intent: Intent, host: HostFacts): Promise<void> {
    const { compiler, committer, takeover } = this.options;
    const desired = compiler.compile(intent);
    await committer.commit(desired);
    await this.options.switch.restored();
    if (host !== this.repaired) {
      await committer.repairHost(desired);
      for (const record of host.nics) await takeover.settle(record);
      await this.silence(host);
      this.repaired = host;
    }
    compiler.release();
    this.committed = intent;
  }

  /** See nic/silence.ts. */
  private async silence({ nics }: HostFacts): Promise<void> {
    const { datapath, network, nft } = this.options;
    if (datapath !== 'netdev') return;
    const names = nics.map(({ nic }) => nic);
    for (const { key, value } of nicSysctls(names)) await network.writeSysctl(key, value);
    await nft.ensure([nicTable(names)], [nicTableName]);
  }

  private settled(): void {
    if (this.problem !== undefined) this.options.logger.info({}, 'the node does its work');
    this.problem = undefined;
    this.looked = true;
    this.duties.announce();
    this.reports.mark();
  }

  private failed(error: unknown, retryMs: number): void {
    const { logger, committer, metrics } = this.options;
    const problem = problemOf(error);
    this.failures++;
    this.host.forget();
    committer.forget();
    metrics.failures.inc({ code: error instanceof SluiceError ? error.code : problem.reason });
    if (problem.reason !== this.problem?.reason || problem.message !== this.problem.message) {
      logger.error({ reason: problem.reason, retryMs }, problem.message);
    }
    this.problem = problem;
    this.reports.mark();
  }

  /** A process that has just started says nothing before it knows: what it said before its restart still holds. */
  private hasLooked(): boolean {
    return this.looked || this.failures >= patience;
  }

  private async report(): Promise<void> {
    const { watch, reporter, switch: ovs } = this.options;
    if (!watch.isSynced || !this.hasLooked()) return;
    await reporter.report({
      world: watch.world(),
      problem: this.problem === starting ? undefined : this.problem,
      facts: this.facts,
      tunnelAddress: this.host.current?.underlay.address,
      ovsVersion: ovs.state.kind === 'absent' ? undefined : ovs.state.version,
      held: new Set(this.problem === undefined ? this.duties.held : []),
      leavingSlots: this.committed?.gateway === undefined ? undefined : this.options.keeper?.leaving,
    });
  }

  private send(frames: readonly Uint8Array[]): void {
    const { switch: ovs, uplinkPort, logger } = this.options;
    ovs.send(frames, uplinkPort).catch((error: unknown) => {
      logger.warn({ error: describeError(error) }, 'could not announce addresses');
    });
  }
}
