/** The ct action on one packet: look up, translate, commit. */
import { type CtAction } from '@sluice/ovs';
import {
  type Conntrack,
  type Connection,
  type Found,
  invalidState,
  newState,
  relatedState,
  stateOf,
  translated,
} from './conntrack.js';
import { Headers } from './headers.js';
import { type TracePacket } from './packet.js';
import { type Tuple, inverse, readTuple, writeTuple } from './tuple.js';

/** The packet's side of conntrack: what is not in its fields. */
export interface Tracked {
  readonly headers: Headers;
  readonly packet: TracePacket;
  /** Connection of the last look-up, by which a commit finds it behind NAT. */
  connection?: Connection | undefined;
}

export interface Lookup {
  readonly zone: number;
  /** ct_state bits, see `ctStateBits`. */
  readonly state: number;
  readonly mark: bigint;
  /** NAT changed the packet by what the connection remembers. */
  readonly restored: boolean;
}

interface About {
  readonly tuple: Tuple;
  readonly found: Found | undefined;
}

/** An error belongs to the connection of the packet inside, which ran the other way. */
function errorTarget(table: Conntrack, zone: number, packet: TracePacket): About | undefined {
  if (packet.about === undefined) return undefined;
  const inner = readTuple(new Headers(packet.about), packet.echoId ?? 0);
  if (inner === undefined) return undefined;
  const tuple = inverse(inner);
  return { tuple, found: table.find(zone, tuple) };
}

/** Only the end that the connection translates; an error from a router in between keeps its source. */
function translateError(headers: Headers, found: Found, tuple: Tuple): void {
  const outer = readTuple(headers, 0);
  if (outer === undefined) return;
  const after = translated(found);
  writeTuple(headers, {
    ...outer,
    source: outer.source === tuple.source ? after.source : outer.source,
    target: found.direction === 'reply' ? after.target : outer.target,
  });
}

function translate(headers: Headers, found: Found): boolean {
  const after = translated(found);
  const before = readTuple(headers, after.sport);
  writeTuple(headers, after);
  return before?.source !== after.source || before.target !== after.target;
}

interface Known {
  readonly state: number;
  readonly connection: Connection | undefined;
  readonly restored: boolean;
}

function lookUp(table: Conntrack, zone: number, tracked: Tracked, nat: boolean): Known {
  const { headers, packet } = tracked;
  const tuple = readTuple(headers, packet.echoId ?? 0);
  if (tuple === undefined || packet.invalid === true) {
    return { state: invalidState, connection: undefined, restored: false };
  }
  const about = errorTarget(table, zone, packet);
  if (about !== undefined) {
    if (about.found === undefined) return { state: invalidState, connection: undefined, restored: false };
    if (nat) translateError(headers, about.found, about.tuple);
    const { connection, direction } = about.found;
    return { state: relatedState(direction), connection, restored: nat };
  }
  const found = table.find(zone, tuple);
  if (found === undefined) return { state: newState, connection: undefined, restored: false };
  const state = stateOf(found);
  return { state, connection: found.connection, restored: nat && translate(headers, found) };
}

function commit(table: Conntrack, action: CtAction, tracked: Tracked, known: Known): Connection | undefined {
  const zone = action.zone ?? 0;
  const previous = tracked.connection?.zone === zone ? tracked.connection : undefined;
  const existing = known.connection ?? previous;
  const tuple = readTuple(tracked.headers, tracked.packet.echoId ?? 0);
  if (tuple === undefined) return undefined;
  const connection = existing ?? table.create(zone, tuple, action.nat);
  if (existing === undefined && action.nat) {
    translate(tracked.headers, { connection, direction: 'original' });
  }
  remember(action, tracked.headers, connection);
  return connection;
}

/** The exec part writes ct_mark and ct_label, starting from what the connection has. */
function remember(action: CtAction, headers: Headers, connection: Connection): void {
  const scratch = headers.clone();
  scratch.set('ct_mark', connection.mark);
  scratch.set('ct_label', connection.label);
  for (const step of action.exec ?? []) {
    if (step.type === 'move') scratch.write(step.dst, scratch.read(step.src));
    if (step.type === 'set_field') scratch.set(step.field, step.value);
  }
  connection.mark = scratch.get('ct_mark') ?? 0n;
  connection.label = scratch.get('ct_label') ?? 0n;
}

/** Runs the action; the result is what ct_state and ct_mark say in the next table. */
export function runCt(table: Conntrack, action: CtAction, tracked: Tracked): Lookup {
  const zone = action.zone ?? 0;
  const known = lookUp(table, zone, tracked, action.nat !== undefined && action.commit !== true);
  const connection = action.commit ? commit(table, action, tracked, known) : known.connection;
  tracked.connection = connection;
  return { zone, state: known.state, mark: connection?.mark ?? 0n, restored: known.restored };
}
