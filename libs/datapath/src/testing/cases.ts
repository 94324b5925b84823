/** Packet traces, run by the walker and again by ofproto/trace on a real Open vSwitch: packets in, packets out. */
import { type GateEntry } from '../gate/entry.js';
import { type TracePacket } from '../trace/packet.js';
import { type intents } from './intents.js';

export interface Expected {
  /** Ports that it leaves by; empty: dropped. */
  readonly out: readonly number[];
  /** Names of the tables on the way. */
  readonly tables: readonly number[];
  /** Tunnel id that it leaves with. */
  readonly tunnel?: number;
  readonly source?: string;
  readonly destination?: string;
  /** Source port after NAT. */
  readonly sport?: number;
  readonly sourceMac?: string;
  readonly destinationMac?: string;
}

export interface Step {
  readonly name: string;
  readonly packet: TracePacket;
  readonly expect: Expected;
  /** Zone whose connections are forgotten before the packet. */
  readonly flush?: number;
  /** Tunnel ports that are dead from now on. */
  readonly dead?: readonly number[];
}

export interface TraceCase {
  readonly name: string;
  readonly node: keyof typeof intents;
  /** Entries of the gate; absent: those of `gates`. */
  readonly gate?: readonly GateEntry[];
  readonly steps: readonly Step[];
}
