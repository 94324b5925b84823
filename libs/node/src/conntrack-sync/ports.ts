/** What the synchronisation needs of the world. */
import { type Changes, type ConntrackEntry, type NewConnection, type Tuple } from '@sluice/netlink';

/** The kernel's connections in the gateway's zone; ConntrackTable is the adapter. */
export interface ConnectionTable {
  dump(visit: (entry: ConntrackEntry) => void): Promise<void>;
  insert(connections: readonly NewConnection[]): Promise<Changes>;
  update(connections: readonly NewConnection[]): Promise<Changes>;
  delete(originals: readonly Tuple[]): Promise<Changes>;
}

/** A place in a stream, which only the stream understands. */
export type Position = string;
export const streamStart: Position = '0';

export interface Told {
  readonly gateway: string;
  readonly position: Position;
  readonly batch: Uint8Array;
}

/** One stream for each gateway. Every call may reject: what was told may be lost, and a snapshot heals it. */
export interface SyncStreams {
  /** To the end of this gateway's own stream. */
  append(batch: Uint8Array): Promise<Position>;
  /** Forgets what was told before. */
  forgetBefore(position: Position): Promise<void>;
  /** What other gateways told after the given places, in order; waits up to a second for the first. */
  read(after: ReadonlyMap<string, Position>): Promise<readonly Told[]>;
}
