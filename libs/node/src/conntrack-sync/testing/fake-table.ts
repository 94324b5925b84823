/** The fake of `ConnectionTable`: connections in memory, with the kernel's answers. */
import {
  type Changes,
  type ConntrackEntry,
  inverse,
  type NewConnection,
  statusBits,
  type Tuple,
  tupleKey,
} from '@sluice/netlink';
import { type ConnectionTable } from '../ports.js';

function replyOf({ original, sourceNat, destinationNat }: NewConnection): Tuple {
  const plain = inverse(original);
  const { transport } = plain;
  const addresses = {
    source: destinationNat?.address ?? plain.source,
    destination: sourceNat?.address ?? plain.destination,
  };
  if (transport.kind !== 'ports') return { ...plain, ...addresses };
  const source = destinationNat?.port ?? transport.source;
  const destination = sourceNat?.port ?? transport.destination;
  return { ...plain, ...addresses, transport: { kind: 'ports', source, destination } };
}

function shown(connection: NewConnection): ConntrackEntry {
  const { zone, original, sourceNat, destinationNat, timeoutS, mark, labels, sctp } = connection;
  const { seenReply, assured, confirmed } = statusBits;
  const nat =
    (sourceNat === undefined ? 0 : statusBits.sourceNat) |
    (destinationNat === undefined ? 0 : statusBits.destinationNat);
  const status = seenReply | assured | confirmed | nat;
  const state =
    sctp !== undefined
      ? ({ kind: 'sctp', ...sctp } as const)
      : original.protocol === 6
        ? ({ kind: 'tcp', state: 3 } as const)
        : undefined;
  return { zone, original, reply: replyOf(connection), status, timeoutS, mark, labels, state };
}

export class FakeTable implements ConnectionTable {
  readonly entries = new Map<string, ConntrackEntry>();
  readonly calls: string[] = [];
  /** Every call rejects with it. */
  failure: Error | undefined;
  /** While a dump runs. */
  onDump: () => void = () => undefined;

  get keys(): ReadonlySet<string> {
    return new Set(this.entries.keys());
  }

  async dump(visit: (entry: ConntrackEntry) => void): Promise<void> {
    await this.begin('dump');
    for (const entry of this.entries.values()) visit(entry);
    this.onDump();
  }

  async insert(connections: readonly NewConnection[]): Promise<Changes> {
    await this.begin('insert');
    return this.each(connections, (connection) => {
      const entry = shown(connection);
      const taken = [...this.entries.values()].some(({ reply }) => tupleKey(reply) === tupleKey(entry.reply));
      if (taken || this.entries.has(tupleKey(entry.original))) return false;
      this.entries.set(tupleKey(entry.original), entry);
      return true;
    });
  }

  async update(connections: readonly NewConnection[]): Promise<Changes> {
    await this.begin('update');
    return this.each(connections, ({ original, timeoutS, mark, labels }) => {
      const entry = this.entries.get(tupleKey(original));
      if (entry === undefined) return false;
      this.entries.set(tupleKey(original), { ...entry, timeoutS, mark, labels: labels ?? entry.labels });
      return true;
    });
  }

  async delete(originals: readonly Tuple[]): Promise<Changes> {
    await this.begin('delete');
    return this.each(originals, (original) => this.entries.delete(tupleKey(original)));
  }

  private each<T>(items: readonly T[], apply: (item: T) => boolean): Changes {
    const passed = items.flatMap((item, at) => (apply(item) ? [] : [at]));
    return { done: items.length - passed.length, passed, failures: new Map() };
  }

  private async begin(call: string): Promise<void> {
    this.calls.push(call);
    await Promise.resolve();
    if (this.failure !== undefined) throw this.failure;
  }
}
