/**
 * The real switch: bridges and ports by the database, flows by OpenFlow, the rest by ovs-vswitchd's control socket. It is
 * ready when all three answer; every connection to the bridge anew means that its flows may be gone.
 */
import { join } from 'node:path';
import { type Clock, describeError, type Logger, RemoteError } from '@sluice/core';
import {
  bridgeName,
  type DesiredBridge,
  type DesiredPort,
  type GateEntry,
  gateEntryOf,
  type Installed,
  type OpenFlowChange,
  tableIds,
  tunnelNode,
} from '@sluice/datapath';
import {
  type BridgePort,
  type BundleMessage,
  controlSocket,
  OpenFlowClient,
  type OvsError,
  SwitchDatabase,
  unixctl,
} from '@sluice/ovs';
import { type Tuple } from '@sluice/netlink';
import { type TunnelledFrame } from '../replay/replayer.js';
import { type GateChange, gateMessages } from '../slots/gate.js';
import { bundleOf, meterMessages } from './bundle.js';
import { OvsConntrack } from './ovs-conntrack.js';
import { whatToDo, wrapped } from './ovs-errors.js';
import { connectionMessage, tunnelledMessage } from './packet-outs.js';
import {
  type DumpOptions,
  type Endpoint,
  type MadeConnection,
  type PlainBridge,
  type Switch,
  type SwitchState,
} from './switch.js';

export interface OvsSwitchOptions {
  /** Where the sockets are. */
  readonly runDirectory: string;
  readonly datapath: 'system' | 'netdev';
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Until ovs-vswitchd is asked again while it cannot be used: on a new node it has no bridge whose socket would tell. */
const askAgainMs = 1000;

const protocols = ['OpenFlow13', 'OpenFlow14', 'OpenFlow15'] as const;
const oldest = [3, 1] as const;

/** "ovs-vswitchd (Open vSwitch) 3.1.0" → 3.1.0 */
const versionIn = (text: string): string => /(\d+\.\d+(\.\d+)?)/.exec(text)?.[1] ?? text.trim();

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
}

export class OvsSwitch implements Switch {
  private readonly database: SwitchDatabase;
  private readonly openFlow: OpenFlowClient;
  private readonly conntrack: OvsConntrack;
  private readonly listeners = new Set<() => void>();
  private readonly frameListeners = new Set<(frame: Uint8Array) => void>();
  private readonly livenessListeners = new Set<() => void>();
  private readonly forwardingListeners = new Set<() => void>();
  private nodes: ReadonlyMap<number, boolean> = new Map();
  private current: SwitchState = { kind: 'absent', message: 'not connected yet' };
  private databaseIsUp = false;
  /** What Sluice has done to the bridge behind this OpenFlow connection. */
  private pipeline: 'unknown' | 'read' | 'programmed' = 'unknown';
  private cancelQuestion: (() => void) | undefined;
  private stopped = false;

  constructor(private readonly options: OvsSwitchOptions) {
    const { runDirectory } = options;
    this.conntrack = new OvsConntrack(options);
    this.database = new SwitchDatabase({
      socketPath: join(runDirectory, 'db.sock'),
      onState: (state) => {
        void this.databaseChanged(state);
      },
      onChange: () => this.readLiveness(),
    });
    this.openFlow = new OpenFlowClient({
      socketPath: join(runDirectory, `${bridgeName}.mgmt`),
      onState: (state) => {
        void this.bridgeChanged(state);
      },
      onMessage: (message) => {
        if (message.type !== 'packet_in') return;
        for (const listener of this.frameListeners) listener(message.data);
      },
    });
  }

  get state(): SwitchState {
    return this.current;
  }

  onChange(listener: () => void): void {
    this.listeners.add(listener);
  }

  get isForwarding(): boolean {
    return this.current.kind === 'ready' && this.openFlow.isUp && this.pipeline === 'programmed';
  }

  onForwarding(listener: () => void): void {
    this.forwardingListeners.add(listener);
  }

  onFrame(listener: (frame: Uint8Array) => void): void {
    this.frameListeners.add(listener);
  }

  get liveness(): ReadonlyMap<number, boolean> {
    return this.nodes;
  }

  onLiveness(listener: () => void): void {
    this.livenessListeners.add(listener);
  }

  start(): void {
    this.database.start();
    this.openFlow.start();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.cancelQuestion?.();
    await this.openFlow.stop();
    await this.database.stop();
  }

  async ensurePlainBridge({ name, mac, nic }: PlainBridge): Promise<void> {
    await wrapped(() =>
      this.database.ensureBridge(
        {
          name,
          datapathType: this.options.datapath,
          protocols: [],
          otherConfig: { hwaddr: mac },
          ports: [{ name: nic, type: '' }],
        },
        { prune: true },
      ),
    );
  }

  async ensureBridge(bridge: DesiredBridge, options: { readonly prune: boolean }): Promise<void> {
    const { name, mac, localMtu, ports } = bridge;
    await wrapped(async () => {
      await this.database.ensureBridge(
        {
          name,
          datapathType: this.options.datapath,
          failMode: 'secure',
          protocols,
          otherConfig: mac === undefined ? {} : { hwaddr: mac },
          ...(localMtu === undefined ? {} : { localMtu }),
          ports: ports.map(bridgePort),
        },
        options,
      );
      this.checkPorts(name);
    });
  }

  async installed(): Promise<Installed> {
    return wrapped(async () => {
      const flows = await this.openFlow.dumpFlows();
      const groups = await this.openFlow.dumpGroups();
      const meters = await this.openFlow.dumpMeters();
      if (this.pipeline === 'unknown') this.pipeline = 'read';
      return { flows, groups, meters };
    });
  }

  async commit(change: OpenFlowChange): Promise<void> {
    const { before, after } = meterMessages(change);
    const bundle: readonly BundleMessage[] = bundleOf(change);
    await wrapped(async () => {
      if (before.length > 0) await this.openFlow.send(before);
      if (bundle.length > 0) await this.openFlow.bundle(bundle);
      if (after.length > 0) await this.openFlow.send(after);
    });
  }

  async restored(): Promise<void> {
    // Programmed: nothing is held back. Unknown: Open vSwitch was restarted since the pass began, and another one follows.
    if (!this.isRead()) return;
    await wrapped(() => this.database.flowsRestored());
    if (!this.isRead()) return;
    this.pipeline = 'programmed';
    this.tellForwarding();
  }

  async gateEntries(): Promise<readonly GateEntry[]> {
    return wrapped(async () => {
      const flows = await this.openFlow.dumpFlows({ table: tableIds.gate });
      return flows.items().flatMap((flow) => gateEntryOf(flow) ?? []);
    });
  }

  async changeGate(change: GateChange): Promise<void> {
    const messages = gateMessages(change);
    if (messages.length > 0) await wrapped(() => this.openFlow.bundle(messages));
  }

  async sendTunnelled(packets: readonly TunnelledFrame[]): Promise<void> {
    const messages = packets.map(tunnelledMessage);
    if (messages.length > 0) await wrapped(() => this.openFlow.send(messages));
  }

  async connections(zone: number, options?: DumpOptions): Promise<string> {
    return wrapped(() => this.conntrack.dump(zone, options));
  }

  async makeConnections(zone: number, connections: readonly MadeConnection[]): Promise<void> {
    const messages = connections.map((connection) => connectionMessage(zone, connection));
    if (messages.length > 0) await wrapped(() => this.openFlow.send(messages));
  }

  async endConnection(zone: number, original: Tuple): Promise<void> {
    await wrapped(() => this.conntrack.end(zone, original));
  }

  async forgetDatagrams(zone: number, endpoint: Endpoint): Promise<void> {
    await wrapped(() => this.conntrack.forgetDatagrams(zone, endpoint));
  }

  async send(frames: readonly Uint8Array[], port: number): Promise<void> {
    if (frames.length > 0) await wrapped(() => this.openFlow.packetOut(port, frames));
  }

  private readLiveness(): void {
    const nodes = this.database.interfaces(bridgeName).flatMap(({ ofport, forwarding }) => {
      const id = ofport === undefined ? undefined : tunnelNode(ofport);
      return id === undefined || forwarding === undefined ? [] : [[id, forwarding] as const];
    });
    const same = nodes.length === this.nodes.size && nodes.every(([id, up]) => this.nodes.get(id) === up);
    if (same) return;
    this.nodes = new Map(nodes);
    for (const listener of this.livenessListeners) listener();
  }

  /** Throws for a port that Open vSwitch could not open, such as a NIC that another bridge has. */
  private checkPorts(bridge: string): void {
    const [bad] = this.database.interfaces(bridge).filter(({ error }) => error !== undefined);
    if (bad === undefined) return;
    throw new RemoteError('SLUICE_OVS_REFUSED', {
      message: `Open vSwitch cannot use port ${bad.name} of ${bridge}: ${bad.error ?? ''}`,
      retryable: true,
    });
  }

  private async databaseChanged(state: 'up' | OvsError): Promise<void> {
    this.databaseIsUp = state === 'up';
    if (state !== 'up') {
      this.become({ kind: 'absent', message: `no answer from ovsdb-server (${state.message}); ${whatToDo}` });
      return;
    }
    await this.examine();
  }

  private async bridgeChanged(state: 'up' | OvsError): Promise<void> {
    this.pipeline = 'unknown';
    if (state === 'up') {
      await this.examine();
      this.tellForwarding();
      return;
    }
    this.options.logger.debug({ error: state.message }, 'no OpenFlow connection');
    this.tellForwarding();
    // Either there is no bridge yet, or ovs-vswitchd is gone, which nobody else would notice.
    if (this.current.kind === 'ready') await this.examine();
  }

  private isRead(): boolean {
    return this.pipeline === 'read';
  }

  private tellForwarding(): void {
    for (const listener of this.forwardingListeners) listener();
  }

  private async examine(): Promise<void> {
    this.cancelQuestion?.();
    const state = await this.ask();
    if (this.stopped || !this.databaseIsUp) return;
    if (state.kind !== 'ready') {
      this.cancelQuestion?.();
      this.cancelQuestion = this.options.clock.after(askAgainMs, () => void this.examine());
    }
    if (state.kind === 'ready' || !isSame(state, this.current)) this.become(state);
  }

  /** Asks ovs-vswitchd for its version and prepares its conntrack. */
  private async ask(): Promise<SwitchState> {
    const { runDirectory, datapath, logger } = this.options;
    try {
      const socket = await controlSocket(runDirectory, 'ovs-vswitchd');
      const version = versionIn(await unixctl(socket, 'version'));
      if (!isNewEnough(version)) return { kind: 'too-old', version };
      // Mid-stream pickup in any window; the kernel datapath has sysctls for it.
      if (datapath === 'netdev') await unixctl(socket, 'dpctl/ct-disable-tcp-seq-chk').catch(() => undefined);
      logger.info({ version }, 'connected to Open vSwitch');
      return { kind: 'ready', version };
    } catch (error) {
      return {
        kind: 'absent',
        message: `ovs-vswitchd does not answer (${describeError(error)}); ${whatToDo}`,
      };
    }
  }

  private become(state: SwitchState): void {
    this.current = state;
    for (const listener of this.listeners) listener();
  }
}

const isSame = (a: SwitchState, b: SwitchState): boolean => JSON.stringify(a) === JSON.stringify(b);

function bridgePort(port: DesiredPort): BridgePort {
  const { name, ofport } = port;
  switch (port.kind) {
    case 'internal':
      return { name, type: 'internal', ofport, mac: port.mac, mtu: port.mtu };
    case 'nic':
      return { name, type: '', ofport };
    case 'geneve': {
      const { enable, minTxMs, minRxMs } = port.bfd;
      return {
        name,
        type: 'geneve',
        ofport,
        options: { remote_ip: port.remoteAddress, key: 'flow' },
        bfd: { enable: String(enable), min_tx: String(minTxMs), min_rx: String(minRxMs) },
      };
    }
  }
}
