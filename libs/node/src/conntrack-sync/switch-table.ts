/**
 * Connections of the userspace datapath, whose table cannot be written from outside. A copy is made by a packet: it runs
 * through conntrack with the NAT that the copy is to have, and goes nowhere.
 *
 * Only connections whose port NAT had to change are shown. All others a successor makes by itself, from the Pod's own
 * packets or the agent's replay; such a port its gateway alone knows.
 */
import { type Clock } from '@sluice/core';
import {
  type Changes,
  type ConntrackEntry,
  type NatTarget,
  type NewConnection,
  protocols,
  statusBits,
  tcpEstablished,
  type Tuple,
  tupleKey,
} from '@sluice/netlink';
import { replayFrame } from '../frames/replay.js';
import {
  dumpedConnection,
  type DumpedConnection,
  isOver,
  originalOf,
  outsideAddress,
} from '../switch/conntrack-dump.js';
import { type Switch } from '../switch/switch.js';
import { type ConnectionTable } from './ports.js';

export interface SwitchTableOptions {
  readonly clock: Clock;
  readonly switch: Pick<Switch, 'connections' | 'makeConnections' | 'endConnection'>;
  readonly zone: number;
}

/** A datagram's entry lives for half a minute without packets: a copy is made anew before. */
const refreshMs = 15_000;

interface Copy {
  readonly connection: NewConnection;
  readonly madeMs: number;
}

export class SwitchTable {
  private readonly copies = new Map<string, Copy>();

  constructor(private readonly options: SwitchTableOptions) {}

  /** This gateway's own connections with changed ports. */
  readonly own: Pick<ConnectionTable, 'dump'> = {
    dump: async (visit) => {
      const { switch: ovs, zone } = this.options;
      for (const found of changedIn(await ovs.connections(zone))) {
        const entry = entryOf(found, zone);
        if (!isOver(found) && !this.copies.has(tupleKey(entry.original))) visit(entry);
      }
    },
  };

  /** Copies of other gateways' connections; those of before this process are not known any more. */
  readonly copied: ConnectionTable = {
    dump: (visit) => {
      for (const { connection } of this.copies.values()) visit(copyEntry(connection));
      return Promise.resolve();
    },
    insert: (connections) => this.insert(connections),
    update: () => Promise.resolve(nothingDone),
    delete: (originals) => this.delete(originals),
  };

  /** The switch was restarted: nothing is there any more. */
  forget(): void {
    this.copies.clear();
  }

  /** The address is carried here: what were copies are this gateway's own connections. */
  adopt(carried: ReadonlySet<string>): void {
    for (const [key, { connection }] of this.copies)
      if (carried.has(connection.sourceNat?.address ?? '')) this.copies.delete(key);
  }

  /**
   * Ends what this gateway remembers of addresses that another one holds, but for copies: these connections have gone on or
   * ended without it. `isStill`: asked before each, for it takes its time.
   */
  async endStale(isStill: (address: string) => boolean): Promise<void> {
    const { switch: ovs, zone } = this.options;
    const dump = await ovs.connections(zone);
    for (const found of dump.split('\n').flatMap((line) => dumpedConnection(line) ?? [])) {
      if (!isStill(outsideAddress(found, found.answersTo.address))) continue;
      const original = originalOf(found);
      const key = tupleKey(original);
      if (isSame(found, this.copies.get(key)?.connection)) continue;
      // A copy could not be made over it; the next snapshot makes it.
      this.copies.delete(key);
      await ovs.endConnection(zone, original);
    }
  }

  /** A dump of the zone without the copies. */
  withoutCopies(dump: string): string {
    if (this.copies.size === 0) return dump;
    const isCopy = (line: string): boolean => {
      const found = dumpedConnection(line);
      return found !== undefined && this.copies.has(tupleKey(originalOf(found)));
    };
    return dump
      .split('\n')
      .filter((line) => !isCopy(line))
      .join('\n');
  }

  private async insert(connections: readonly NewConnection[]): Promise<Changes> {
    const nowMs = this.options.clock.monotonicMs();
    const isFresh = ({ original }: NewConnection): boolean => {
      const copy = this.copies.get(tupleKey(original));
      return copy !== undefined && nowMs - copy.madeMs < refreshMs;
    };
    const passed: number[] = [];
    const wanted: NewConnection[] = [];
    for (const [at, connection] of connections.entries()) {
      if (isFresh(connection)) passed.push(at);
      else wanted.push(connection);
    }
    await this.options.switch.makeConnections(this.options.zone, wanted.flatMap(made));
    for (const connection of wanted)
      this.copies.set(tupleKey(connection.original), { connection, madeMs: nowMs });
    return { done: wanted.length, passed, failures: new Map() };
  }

  private async delete(originals: readonly Tuple[]): Promise<Changes> {
    const passed: number[] = [];
    for (const [at, original] of originals.entries()) {
      const key = tupleKey(original);
      if (this.copies.delete(key)) await this.options.switch.endConnection(this.options.zone, original);
      else passed.push(at);
    }
    return { done: originals.length - passed.length, passed, failures: new Map() };
  }
}

/** It is what the copy was to be. */
const isSame = ({ answersTo }: DumpedConnection, copy: NewConnection | undefined): boolean =>
  copy?.sourceNat?.address === answersTo.address && copy.sourceNat.port === answersTo.port;

const nothingDone: Changes = { done: 0, passed: [], failures: new Map() };

/** Answers go to another port than the one that the first packet came from: quick, for most lines are not such. */
const samePort = /^(?:tcp|udp),orig=\([^)]*,sport=(\d+),[^)]*\),reply=\([^)]*,dport=\1\)/;
const ported = /^(?:tcp|udp),/;
const hasOtherPort = (line: string): boolean => ported.test(line) && !samePort.test(line);

const changedIn = (dump: string): readonly DumpedConnection[] =>
  dump
    .split('\n')
    .filter(hasOtherPort)
    .flatMap((line) => dumpedConnection(line) ?? []);

const shown = (
  zone: number,
  original: Tuple,
  { address, port = 0 }: NatTarget,
  mark: number,
): ConntrackEntry => ({
  zone,
  original,
  reply: {
    source: original.destination,
    destination: address,
    protocol: original.protocol,
    transport: {
      kind: 'ports',
      source: original.transport.kind === 'ports' ? original.transport.destination : 0,
      destination: port,
    },
  },
  status: statusBits.confirmed | statusBits.sourceNat,
  timeoutS: undefined,
  mark,
  labels: undefined,
  state: original.protocol === protocols.tcp ? { kind: 'tcp', state: tcpEstablished } : undefined,
});

const entryOf = (found: DumpedConnection, zone: number): ConntrackEntry =>
  shown(zone, originalOf(found), found.answersTo, found.mark);

const copyEntry = ({ zone, original, sourceNat, mark }: NewConnection): ConntrackEntry =>
  shown(zone, original, sourceNat ?? { address: original.source, port: undefined }, mark);

/** Of TCP and UDP with source NAT; nothing of others, which are not told of. */
function made({ original, sourceNat, mark }: NewConnection) {
  const { transport, protocol: number, source, destination } = original;
  const protocol = number === protocols.tcp ? 'tcp' : number === protocols.udp ? 'udp' : undefined;
  if (protocol === undefined || transport.kind !== 'ports' || sourceNat?.port === undefined) return [];
  const { source: sourcePort, destination: destinationPort } = transport;
  const frame = replayFrame({ protocol, source, destination, sourcePort, destinationPort });
  return [{ frame, mark, source: { address: sourceNat.address, port: sourceNat.port } }];
}
