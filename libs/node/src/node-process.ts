/**
 * Puts a node's process together from its settings: clients, caches, the loop, health and metrics. Both apps use it and
 * add what only their role has.
 */
import { join } from 'node:path';
import { type MoveHistory, redisTarget } from '@sluice/coordination';
import { type Clock, type Logger } from '@sluice/core';
import {
  agentTableName,
  checkConfig,
  Compiler,
  defaultConfig,
  gatewayTableName,
  ofports,
} from '@sluice/datapath';
import {
  egressGateways,
  egressPools,
  EventRecorder,
  KubeClient,
  loadClusterConfig,
  nodes,
} from '@sluice/kube';
import { takesNewClients } from '@sluice/model';
import { HostState, KernelNetwork } from '@sluice/netlink';
import { Nft } from '@sluice/nft';
import { type Registry } from 'prom-client';
import { ChangeTimes } from './commit/change-times.js';
import { Committer } from './commit/committer.js';
import { KernelHostWriter } from './commit/host-writer.js';
import { commitMetrics } from './commit/metrics.js';
import { SwitchTable } from './conntrack-sync/switch-table.js';
import { syncedKeeper } from './conntrack-sync/synced-keeper.js';
import { HostFactsReader } from './facts/host-facts.js';
import { MarkCheck } from './marks/mark-check.js';
import { NicRecords } from './nic/record.js';
import { NicTakeover } from './nic/takeover.js';
import { NodeLoop } from './node-loop.js';
import { ownedHostState } from './owned.js';
import { Replayer } from './replay/replayer.js';
import { gatewayServices } from './services/gateway-services.js';
import { ProblemEvents } from './report/problem-events.js';
import { type Reporter } from './report/reporter.js';
import { type NodeSettings } from './settings.js';
import { slotKeeper } from './slots/make-keeper.js';
import { OvsSwitch } from './switch/ovs-switch.js';
import { type DumpOptions } from './switch/switch.js';
import { ClusterWatch } from './world/cluster-watch.js';

export interface NodeProcessOptions {
  readonly settings: NodeSettings;
  readonly roles: { readonly agent: boolean; readonly gateway: boolean };
  /** Name in events and in the managed fields of objects. */
  readonly component: 'sluice-agent' | 'sluice-gateway';
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly reporter: (client: KubeClient, events: ProblemEvents) => Reporter;
}

/** Resources that say who is to hold which slot. */
const ofDuties = new Set([egressPools, egressGateways, nodes].map(({ plural }) => plural));

export class NodeProcess {
  private constructor(
    readonly client: KubeClient,
    private readonly watch: ClusterWatch,
    private readonly ovs: OvsSwitch,
    private readonly own: {
      readonly loop: NodeLoop;
      readonly nodeName: string;
      readonly history?: () => Promise<MoveHistory>;
    },
  ) {}

  /** Reads the cluster's configuration; nothing runs before `start`. */
  static async create(options: NodeProcessOptions): Promise<NodeProcess> {
    const { settings, roles, component, clock, logger, registry } = options;
    const nodeName = settings.SLUICE_NODE_NAME;
    const datapath = settings.SLUICE_DATAPATH;
    const client = new KubeClient(await loadClusterConfig());
    const recorder = new EventRecorder({ client, clock, logger, component, instance: nodeName });
    const network = new KernelNetwork({ logger });
    const nft = new Nft({ logger });
    const ovs = new OvsSwitch({ runDirectory: settings.SLUICE_OVS_RUNDIR, datapath, clock, logger });
    const takeover = new NicTakeover({
      network,
      records: new NicRecords(join(settings.SLUICE_STATE_DIR, 'nics')),
      logger,
    });
    const marks = { captured: settings.SLUICE_MARK_CAPTURED, reply: settings.SLUICE_MARK_REPLY };
    const config = checkConfig({ ...defaultConfig, datapath, marks });
    const metrics = commitMetrics(registry);
    const changes = new ChangeTimes({ clock, logger, seconds: metrics.changeSeconds });
    const watch = new ClusterWatch({
      ...{ client, clock, logger, nodeName, roles },
      onChange: (resource, object) => {
        // What is read at the start is no change.
        if (watch.isSynced) changes.changed(resource, object);
        if (!ofDuties.has(resource)) {
          loop.mark();
          return;
        }
        loop.markDuties();
        loop.markUrgent();
      },
      onStatus: () => loop.markReport(),
    });
    const table =
      datapath === 'netdev' ? new SwitchTable({ clock, switch: ovs, zone: config.zones.nat }) : undefined;
    if (table !== undefined) ovs.onChange(() => table.forget());
    const ownConnections = async (options?: DumpOptions): Promise<string> => {
      const dump = await ovs.connections(config.zones.nat, options);
      return table === undefined ? dump : table.withoutCopies(dump);
    };
    const parts = { settings, clock, logger, registry, client, recorder, ovs, network, ownConnections };
    const made = roles.gateway ? await slotKeeper(parts) : undefined;
    const history = made?.history;
    const redis = redisTarget(settings);
    const target = redis === undefined ? undefined : { redis };
    const sync = { clock, logger, registry, network, target, self: nodeName };
    const keeper =
      made === undefined
        ? undefined
        : syncedKeeper(made.keeper, { ...sync, ...(table === undefined ? {} : { table }) });
    const replayer = roles.agent
      ? new Replayer({
          clock,
          logger,
          replayed: metrics.replayed,
          dump: () => ovs.connections(config.zones.pins),
          send: (packets) => ovs.sendTunnelled(packets),
        })
      : undefined;
    if (replayer !== undefined) ovs.onLiveness(() => replayer.heard(ovs.liveness));
    const loop: NodeLoop = new NodeLoop({
      nodeName,
      roles,
      datapath,
      clusterCidrs: settings.SLUICE_CLUSTER_CIDRS,
      defaultLoadBalancer: settings.SLUICE_DEFAULT_LOAD_BALANCER,
      clock,
      logger,
      metrics,
      changes,
      watch,
      switch: ovs,
      network,
      nft,
      takeover,
      hostFacts: new HostFactsReader({
        nodeName,
        gateway: roles.gateway,
        datapath,
        underlayInterface: settings.SLUICE_UNDERLAY_INTERFACE,
        network,
        takeover,
        switch: ovs,
        logger,
      }),
      compiler: new Compiler(config),
      committer: new Committer({
        switch: ovs,
        host: new KernelHostWriter(network, new HostState(network, ownedHostState(config))),
        nft,
        ownTables: [agentTableName, gatewayTableName],
        metrics,
        logger,
      }),
      reporter: options.reporter(client, new ProblemEvents(recorder)),
      uplinkPort: ofports.uplink,
      ...(keeper === undefined ? {} : { keeper }),
      ...(replayer === undefined ? {} : { replayer }),
      ...(roles.gateway
        ? gatewayServices({
            ...{ nodeName, clock, logger, registry, recorder },
            ...{ switch: ovs, zone: config.zones.nat, dump: ownConnections },
            world: () => watch.world(),
            isHealthy: () => loop.currentProblem === undefined,
            onChange: () => loop.mark(),
          })
        : {}),
      ...(roles.agent ? { marks: new MarkCheck({ config, nft, network, logger }) } : {}),
    });
    return new NodeProcess(client, watch, ovs, {
      loop,
      nodeName,
      ...(history === undefined ? {} : { history }),
    });
  }

  start(): void {
    this.ovs.start();
    this.watch.start();
    this.own.loop.start();
    void this.watch.synced().then(() => this.own.loop.mark());
  }

  /** Ends in order; what is installed stays and forwards on. */
  async stop(): Promise<void> {
    await this.own.loop.stop();
    await this.watch.stop();
    await this.ovs.stop();
    await this.client.close();
  }

  /** Whether load balancers in front of the gateways shall send new clients here. */
  get takesNewClients(): boolean {
    return this.watch.isSynced && takesNewClients(this.watch.world(), this.own.nodeName);
  }

  /** The record of moves, of all gateways; undefined: this process has none. */
  get history(): (() => Promise<MoveHistory>) | undefined {
    return this.own.history;
  }

  /** Why the process is not ready; undefined: it is. */
  notReady(): string | undefined {
    if (!this.watch.isSynced) return 'the API server has not been read completely yet';
    const problem = this.own.loop.currentProblem;
    return problem === undefined ? undefined : `${problem.reason}: ${problem.message}`;
  }
}
