/**
 * One node's loop: what the cluster wants and what the host is -> intent -> compiled state -> commit -> report. Agents
 * and gateways differ by the roles in their facts and by their reporter; a node with both roles runs one loop.
 */
import { type Clock, describeError, type Logger, SluiceError } from '@sluice/core';
import { bridgeName, type Compiler, podPortName, slowPortName } from '@sluice/datapath';
import {
  asOf,
  type Intent,
  type NodeFacts,
  resolve,
  ServiceBook,
  slotView,
  type SlotView,
  type World,
} from '@sluice/model';
import { type HostNetwork, type NetworkEvent } from '@sluice/netlink';
import { type Nft } from '@sluice/nft';
import { Announcer } from './announce/announcer.js';
import { type ChangeTimes } from './commit/change-times.js';
import { type Committer } from './commit/committer.js';
import { type CommitMetrics } from './commit/metrics.js';
import { Runner } from './commit/runner.js';
import { Cached } from './facts/cached.js';
import { type HostFacts, type HostFactsReader, underlayBridge } from './facts/host-facts.js';
import { PodInterfaces } from './facts/pod-interfaces.js';
import { type MarkCheck } from './marks/mark-check.js';
import { nicSysctls, nicTable, nicTableName } from './nic/silence.js';
import { type NicTakeover } from './nic/takeover.js';
import { NodeProblem, problemOf, type Problem } from './report/problem.js';
import { type ConnectionCaps } from './services/connection-caps.js';
import { type HealthChecks } from './services/health-checks.js';
import { type StaleClients } from './services/stale-clients.js';
import { type ReplayRoutes, type Replayer } from './replay/replayer.js';
import { type Reporter } from './report/reporter.js';
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
  readonly watch: Pick<ClusterWatch, 'isSynced' | 'world'>;
  readonly switch: Switch;
  readonly network: HostNetwork;
  readonly nft: Pick<Nft, 'ensure'>;
  readonly hostFacts: HostFactsReader;
  readonly takeover: NicTakeover;
  readonly compiler: Compiler;
  readonly committer: Committer;
  readonly reporter: Reporter;
  /** Agents only. */
  readonly replayer?: Replayer;
  /** Gateways only. */
  readonly healthChecks?: HealthChecks;
  readonly staleClients?: StaleClients;
  readonly caps?: ConnectionCaps;
  /** Agents only. */
  readonly marks?: Pick<MarkCheck, 'check'>;
  /** Gateways only. */
  readonly keeper?: SlotKeeper;
  /** OpenFlow port of the uplink. */
  readonly uplinkPort: number;
}

const mainTable = 254;
/** Failed passes after which a problem is told; about a second. */
const patience = 4;

/** Before the first pass, and while the controller has not spoken: not ready, and nothing to tell anybody. */
const starting: Problem = { reason: 'OVSUnavailable', message: 'not connected yet' };

const nothingToReplay: ReplayRoutes = { egresses: [], slots: [] };

/** Of this node's EgressGateway; undefined on a node that is none. */
const uplinkName = ({ gateways }: World, nodeName: string): string | undefined =>
  gateways.find(({ spec }) => spec.nodeName === nodeName)?.spec.uplinkInterface;

export class NodeLoop {
  private readonly runner: Runner;
  private readonly reports: Runner;
  private readonly duties: Runner;
  private readonly announcer: Announcer;
  private readonly host = new Cached<HostFacts>();
  private readonly podInterfaces = new Cached<PodInterfaces>();
  private readonly book: ServiceBook;
  private committed: Intent | undefined;
  private facts: NodeFacts | undefined;
  /** Of the last pass: what is programmed. */
  private view: SlotView | undefined;
  private problem: Problem | undefined = starting;
  private failures = 0;
  /** A pass came to an end once; before, what failed may just have been early. */
  private looked = false;
  /** What the loop waited for last. */
  private waiting: string | undefined;
  private readonly stopping = new AbortController();

  constructor(private readonly options: NodeLoopOptions) {
    const { clock, logger, defaultLoadBalancer } = options;
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
    this.duties = new Runner({
      clock,
      pass: () => {
        this.tellKeeper();
        return Promise.resolve();
      },
      onError: (error) => logger.error({ error: describeError(error) }, 'the slots were not looked at'),
    });
    this.announcer = new Announcer({ clock, send: (frames) => this.send(frames) });
    options.switch.onChange(() => this.switchChanged());
    options.keeper?.onChange(() => this.slotsChanged());
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

  /** Something changed that says who is to hold which slot: a pass may take seconds, or wait for Open vSwitch. */
  markDuties(): void {
    this.duties.mark();
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
    this.announcer.stop();
    this.options.replayer?.stop();
    this.options.healthChecks?.stop();
    this.options.caps?.stop();
    this.options.staleClients?.stop();
    const runners = [this.runner, this.reports, this.duties].map((runner) => runner.stop());
    await Promise.all([...runners, this.options.keeper?.stop()]);
  }

  private switchChanged(): void {
    this.options.committer.forget();
    this.options.keeper?.switchChanged();
    this.host.forget();
    this.mark();
  }

  private slotsChanged(): void {
    this.announceHeld();
    this.reports.mark();
  }

  private async follow(): Promise<void> {
    for await (const event of this.options.network.monitor(this.stopping.signal, [
      'link',
      'address',
      'route',
      'rule',
    ])) {
      this.hostChanged(event);
    }
  }

  private hostChanged({ kind, dev }: NetworkEvent): void {
    if (kind === 'route' || kind === 'resync') this.podInterfaces.forget();
    if (kind === 'resync' || kind === 'rule' || (dev !== undefined && this.ownDevices().has(dev))) {
      this.host.forget();
    }
    this.runner.mark();
  }

  private ownDevices(): ReadonlySet<string> {
    const { current } = this.host;
    const nics = current?.nics.map(({ nic }) => nic) ?? [];
    const underlay = current === undefined ? [] : [current.underlay.interface];
    return new Set([bridgeName, podPortName, slowPortName, underlayBridge, ...nics, ...underlay]);
  }

  private async pass(): Promise<void> {
    const { watch, changes } = this.options;
    if (!watch.isSynced) return;
    const covered = changes.begin();
    let done = false;
    try {
      done = await this.passOnce(watch.world());
    } finally {
      if (done) covered.done();
      else covered.failed();
    }
  }

  /** False: the controller has not spoken yet, and nothing was done. */
  private async passOnce(world: World): Promise<boolean> {
    const { logger } = this.options;
    this.requireSwitch();
    await this.options.marks?.check();
    if (this.uplinkChanged(world)) {
      this.host.forget();
    }
    const hostIsNew = this.host.current === undefined;
    const host = await this.host.get(() => this.options.hostFacts.read(world));
    const facts = await this.nodeFacts(world, host);
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
    await this.commit(intent, host, hostIsNew);
    this.options.replayer?.update(intent.agent ?? nothingToReplay);
    this.options.staleClients?.update(intent.gateway?.services ?? []);
    this.options.healthChecks?.update(intent.gateway?.healthChecks ?? []);
    this.programmed(world, intent);
    this.tellKeeper();
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

  /** An admin may name another uplink at any time. */
  private uplinkChanged(world: World): boolean {
    const { roles, nodeName } = this.options;
    return roles.gateway && uplinkName(world, nodeName) !== this.host.current?.uplink?.interface;
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

  private async nodeFacts(world: World, { underlay, uplink }: HostFacts): Promise<NodeFacts> {
    const { nodeName, roles, clusterCidrs } = this.options;
    return {
      nodeName,
      roles,
      underlayMtu: underlay.mtu,
      underlayFamily: underlay.family,
      ...(uplink === undefined ? {} : { uplink }),
      clusterCidrs,
      podInterfaces: roles.agent ? await this.interfacesOf(world) : new Map(),
    };
  }

  private async interfacesOf(world: World): Promise<ReadonlyMap<string, string>> {
    const addresses = world.pods.flatMap(({ status }) => (status?.podIPs ?? []).map(({ ip }) => ip));
    const known = addresses.filter((address) => address !== '');
    const interfaces = await this.podInterfaces.get(() => this.readRoutes());
    return interfaces.map(known);
  }

  private async readRoutes(): Promise<PodInterfaces> {
    const { network } = this.options;
    const routes = await Promise.all(
      ([4, 6] as const).map((family) => network.routes({ family, table: mainTable })),
    );
    return new PodInterfaces(routes.flat());
  }

  private async commit(intent: Intent, host: HostFacts, hostIsNew: boolean): Promise<void> {
    const { compiler, committer, takeover } = this.options;
    const desired = compiler.compile(intent);
    await committer.commit(desired);
    await this.options.switch.restored();
    if (hostIsNew) {
      await committer.repairHost(desired);
      for (const record of host.nics) await takeover.settle(record);
      await this.silence(host);
    }
    compiler.release();
    this.committed = intent;
  }

  private programmed(world: World, { gateway }: Intent): void {
    this.view = gateway === undefined ? undefined : slotView(world, this.options.nodeName);
    if (gateway === undefined || this.view === undefined) return;
    const addresses = this.view.slots.flatMap((duty) => duty.addresses);
    this.announcer.prepare(gateway.uplink.mac, addresses);
  }

  private tellKeeper(): void {
    const { keeper, nodeName, watch } = this.options;
    const uplink = this.committed?.gateway?.uplink;
    if (keeper === undefined || uplink === undefined || this.view === undefined) return;
    const now = slotView(watch.world(), nodeName);
    if (now === undefined) return;
    keeper.update(asOf(now, this.view), uplink);
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
    this.announceHeld();
    this.reports.mark();
  }

  private announceHeld(): void {
    if (this.committed?.gateway !== undefined) this.announcer.hold(this.held());
  }

  /** Addresses of open slots. */
  private held(): readonly string[] {
    const open = this.options.keeper?.open ?? new Set();
    return (this.view?.slots ?? [])
      .filter(({ slot }) => open.has(slot))
      .flatMap(({ addresses }) => addresses);
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
      held: new Set(this.problem === undefined ? this.held() : []),
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
