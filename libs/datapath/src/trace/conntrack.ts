/**
 * Conntrack as Open vSwitch uses it, with explicit state: a connection is new until the other side answered, related
 * errors follow the connection that they are about, and NAT is a pair of tuples.
 */
import { parseIp } from '@sluice/core';
import { type NatAction } from '@sluice/ovs';
import { ctStateBits } from '../pipeline/matches.js';
import { type Tuple, inverse, tupleKey } from './tuple.js';

export interface Connection {
  readonly zone: number;
  /** As the first packet was before NAT, and as the answer to it comes. */
  readonly original: Tuple;
  readonly reply: Tuple;
  mark: bigint;
  label: bigint;
  answered: boolean;
}

export type Direction = 'original' | 'reply';

export interface Found {
  readonly connection: Connection;
  readonly direction: Direction;
}

const { trk, new: fresh, est, rpl, rel } = ctStateBits;
const firstFreePort = 1024;

export class Conntrack {
  private readonly byTuple = new Map<string, Found>();

  find(zone: number, tuple: Tuple): Found | undefined {
    return this.byTuple.get(`${String(zone)} ${tupleKey(tuple)}`);
  }

  /** Forgets everything in the zone, as a flush or a restart of the userspace datapath does. */
  flush(zone: number): void {
    for (const [key, { connection }] of this.byTuple) {
      if (connection.zone === zone) this.byTuple.delete(key);
    }
  }

  connections(): readonly Connection[] {
    return [...new Set([...this.byTuple.values()].map(({ connection }) => connection))];
  }

  create(zone: number, original: Tuple, nat: NatAction | undefined): Connection {
    const reply = this.replyTuple(zone, original, nat);
    const connection = { zone, original, reply, mark: 0n, label: 0n, answered: false };
    this.byTuple.set(`${String(zone)} ${tupleKey(original)}`, { connection, direction: 'original' });
    this.byTuple.set(`${String(zone)} ${tupleKey(reply)}`, { connection, direction: 'reply' });
    return connection;
  }

  /** NAT keeps the source port unless the tuple is taken or the port is not in the range that the action names. */
  private replyTuple(zone: number, original: Tuple, nat: NatAction | undefined): Tuple {
    const plain = inverse(original);
    if (nat?.address === undefined) return plain;
    const address = parseIp(nat.address.first).value;
    if (nat.direction === 'dst') return { ...plain, source: address, sport: nat.port?.first ?? plain.sport };
    const { first, last = first } = nat.port ?? { first: 0, last: 65_535 };
    // A range that is given counts as it is; without one NAT keeps off the privileged ports.
    const start = nat.port === undefined ? firstFreePort : first;
    const kept = plain.dport >= first && plain.dport <= last;
    let reply: Tuple = { ...plain, target: address, dport: kept ? plain.dport : start };
    for (let port = start; this.find(zone, reply) !== undefined; port++) {
      reply = { ...reply, dport: port };
    }
    return reply;
  }
}

/** ct_state of a packet of a known connection; a packet of the reply direction makes it established. */
export function stateOf({ connection, direction }: Found): number {
  if (direction === 'reply') connection.answered = true;
  if (direction === 'reply') return trk | est | rpl;
  return connection.answered ? trk | est : trk | fresh;
}

export const relatedState = (direction: Direction): number => trk | rel | (direction === 'reply' ? rpl : 0);
export const newState = trk | fresh;
export const invalidState = trk | ctStateBits.inv;

/** What a packet of the connection looks like behind NAT. */
export const translated = ({ connection, direction }: Found): Tuple =>
  inverse(direction === 'original' ? connection.reply : connection.original);
