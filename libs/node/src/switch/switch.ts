/** The port to one node's Open vSwitch, as the loop needs it. `OvsSwitch` is the real one. */
import { type TunnelledFrame } from '../replay/replayer.js';
import { type Gate } from '../slots/gate.js';
import { type Tuple } from '@sluice/netlink';
import { type DesiredBridge, type Installed, type OpenFlowChange } from '@sluice/datapath';

export type SwitchState =
  /** Nobody answers on the sockets. */
  | { readonly kind: 'absent'; readonly message: string }
  /** It answers, and is older than 3.1; nothing is changed. */
  | { readonly kind: 'too-old'; readonly version: string }
  | { readonly kind: 'ready'; readonly version: string };

/** A bridge that only joins a NIC with the host (`br-phy`). */
export interface PlainBridge {
  readonly name: string;
  readonly mac: string;
  readonly nic: string;
}

/** One end of a connection. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface MadeConnection {
  /** Its first packet. */
  readonly frame: Uint8Array;
  readonly mark: number;
  /** What NAT makes of its source. */
  readonly source: Endpoint;
}

export interface DumpOptions {
  /** Each line with the seconds that its entry has left. Only on demand: the kernel puts counters between the ports then. */
  readonly timeouts: boolean;
}

export interface Switch extends Gate {
  readonly state: SwitchState;
  /** Calls after every change of `state`, and when the switch was restarted: what it had must be put back. */
  onChange(listener: () => void): void;
  /**
   * False while ovs-vswitchd does not answer, and after its start until `restored`: with the userspace datapath nothing is
   * forwarded then.
   */
  readonly isForwarding: boolean;
  /** Calls after every change of `isForwarding`. */
  onForwarding(listener: () => void): void;
  /** Calls with every frame that the pipeline gives to the process: answers to probes. */
  onFrame(listener: (frame: Uint8Array) => void): void;
  /** Node id → whether BFD hears the node; nodes without a session are not there. */
  readonly liveness: ReadonlyMap<number, boolean>;
  /** Calls after every change of `liveness`. */
  onLiveness(listener: () => void): void;
  /** Makes the bridge and waits until Open vSwitch has it. */
  ensurePlainBridge(bridge: PlainBridge): Promise<void>;
  /** Adds and changes ports; removes those that are not wanted if `prune`. Waits until Open vSwitch has them. */
  ensureBridge(bridge: DesiredBridge, options: { readonly prune: boolean }): Promise<void>;
  /** What the pipeline's bridge has now. */
  installed(): Promise<Installed>;
  /** One atomic bundle; returns when the switch forwards by it. */
  commit(change: OpenFlowChange): Promise<void>;
  /**
   * All flows are there, after `installed` was asked and what was missing was committed: the switch forwards by them, what
   * the kernel kept forwarding over a restart of ovs-vswitchd is let go, and BFD says to other nodes that they may send here.
   */
  restored(): Promise<void>;
  /** Sends frames through the tunnels to nodes. */
  sendTunnelled(packets: readonly TunnelledFrame[]): Promise<void>;
  /** What a zone of conntrack remembers, as Open vSwitch writes it. */
  connections(zone: number, options?: DumpOptions): Promise<string>;
  /** Lets each frame begin its connection in a zone of conntrack, and reach nobody. Lost where its answers are another's. */
  makeConnections(zone: number, connections: readonly MadeConnection[]): Promise<void>;
  /** Ends all UDP connections of a zone that are answered from there. */
  forgetDatagrams(zone: number, endpoint: Endpoint): Promise<void>;
  /** Ends one connection, if it is there. */
  endConnection(zone: number, original: Tuple): Promise<void>;
  /** Sends frames out of a port; frames that cannot be sent now are lost. */
  send(frames: readonly Uint8Array[], port: number): Promise<void>;
}
