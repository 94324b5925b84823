/**
 * What a switch says that it has, as the bytes in which it says it. Most of what a bridge has is what it shall have: that
 * is seen by comparing bytes, and only the rest is read. Reading a quarter of a million flows takes half a minute and a
 * gigabyte.
 */
import { CodecError, OvsError } from '../errors.js';
import { readFlowStats, writeFlowStats } from './codec/flow.js';
import { readGroup, writeGroup } from './codec/group.js';
import { type Flow, type Group } from './flow.js';
import { Reader } from './wire/reader.js';
import { Writer } from './wire/writer.js';

/** One kind of entry; `Head` is what tells whose it is. */
interface Format<T, Head> {
  readonly head: (entry: Buffer) => Head;
  /** Equal: the same entry. Two that are the same may have other keys, and are then compared by what they mean. */
  readonly key: (entry: Buffer) => string;
  /** Of two entries with one key: they are alike. */
  readonly isSame: (one: Buffer, other: Buffer) => boolean;
  readonly write: (writer: Writer, item: T) => void;
  /** Throws OvsError OVS_CODEC_MALFORMED for an entry that the library cannot represent. */
  readonly read: (reader: Reader) => T;
}

export interface Unlike<T> {
  /** What is wanted and is not there in the same bytes. */
  readonly missing: readonly T[];
  /** What is there, and nobody wants in these bytes. */
  readonly left: readonly T[];
}

export class Dump<T, Head> {
  private constructor(
    private readonly format: Format<T, Head>,
    private readonly entries: readonly Buffer[],
  ) {}

  /** As a switch would say it that has these. */
  static of<T, Head>(format: Format<T, Head>, items: Iterable<T>): Dump<T, Head> {
    const entries: Buffer[] = [];
    const writer = new Writer();
    for (const item of items) {
      format.write(writer, item);
      entries.push(Buffer.from(writer.take()));
    }
    return new Dump(format, entries);
  }

  /** From the bodies of multipart replies. Throws CodecError for a length that cannot be right. */
  static parse<T, Head>(format: Format<T, Head>, bodies: readonly Uint8Array[]): Dump<T, Head> {
    return new Dump(format, bodies.flatMap(entriesOf));
  }

  /** Those whose head the test takes. */
  filter(test: (head: Head) => boolean): Dump<T, Head> {
    const { format, entries } = this;
    return new Dump(
      format,
      entries.filter((entry) => test(format.head(entry))),
    );
  }

  get size(): number {
    return this.entries.length;
  }

  /** Entries that differ in their bytes alone, and mean the same, are in both lists. */
  unlike(wanted: Iterable<T>): Unlike<T> {
    const { format } = this;
    const there = new Map(this.entries.map((entry) => [format.key(entry), entry]));
    const missing: T[] = [];
    const writer = new Writer();
    for (const item of wanted) {
      writer.truncate(0);
      format.write(writer, item);
      const entry = writer.view();
      const key = format.key(entry);
      const known = there.get(key);
      if (known !== undefined && format.isSame(known, entry)) there.delete(key);
      else missing.push(item);
    }
    return { missing, left: Array.from(there.values(), (entry) => this.read(entry)) };
  }

  /** All of them, read. */
  items(): readonly T[] {
    return this.entries.map((entry) => this.read(entry));
  }

  private read(entry: Buffer): T {
    return this.format.read(Reader.of(entry));
  }
}

/** Every entry begins with its length, padding included. */
function entriesOf(body: Uint8Array): Buffer[] {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const entries: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.length - at < minimum ? 0 : bytes.readUInt16BE(at);
    if (length < minimum || at + length > bytes.length) {
      throw new CodecError(`an entry of a dump says that it has ${String(length)} bytes`);
    }
    entries.push(bytes.subarray(at, at + length));
    at += length;
  }
  return entries;
}

const minimum = 16;
const padded = (length: number): number => Math.ceil(length / 8) * 8;

/** Offsets in a flow of OFPMP_FLOW, see `readFlowStats`. */
const flowAt = { table: 4, cookie: 16, match: 24 } as const;
const matchEnd = (entry: Buffer): number => flowAt.match + padded(entry.readUInt16BE(flowAt.match + 2));
/** Behind the counters, which say nothing of what a flow is. */
function instructionsAt(entry: Buffer): number {
  const counters = matchEnd(entry);
  return counters + 4 > entry.length ? entry.length : counters + padded(entry.readUInt16BE(counters + 2));
}

const noCounters = { packets: 0n, bytes: 0n, durationSeconds: 0, durationNanoseconds: 0 } as const;

export interface FlowHead {
  readonly cookie: bigint;
}

const flowFormat: Format<Flow, FlowHead> = {
  head: (entry) => ({ cookie: entry.readBigUInt64BE(flowAt.cookie) }),
  // Cookie and timeouts are between table and match: a flow that differs in them is another one here.
  key: (entry) => entry.toString('latin1', flowAt.table, matchEnd(entry)),
  isSame: (one, other) =>
    one.compare(other, instructionsAt(other), other.length, instructionsAt(one), one.length) === 0,
  write: (writer, flow) => {
    writeFlowStats(writer, { flow, ...noCounters });
  },
  read: (reader) => {
    const stats = readFlowStats(reader);
    if ('flow' in stats) return stats.flow;
    const { table, priority, reason } = stats;
    throw new OvsError('OVS_CODEC_MALFORMED', {
      message: `cannot read the flow of table ${String(table)}, priority ${String(priority)}: ${reason}`,
    });
  },
};

export interface GroupHead {
  readonly id: number;
}

const groupIdAt = 4;
const idOf = (entry: Buffer): number => entry.readUInt32BE(groupIdAt);

const groupFormat: Format<Group, GroupHead> = {
  head: (entry) => ({ id: idOf(entry) }),
  key: (entry) => String(idOf(entry)),
  isSame: (one, other) => one.equals(other),
  write: writeGroup,
  read: readGroup,
};

export type FlowDump = Dump<Flow, FlowHead>;
export type GroupDump = Dump<Group, GroupHead>;

export const flowDump = {
  of: (flows: Iterable<Flow>): FlowDump => Dump.of(flowFormat, flows),
  parse: (bodies: readonly Uint8Array[]): FlowDump => Dump.parse(flowFormat, bodies),
};
export const groupDump = {
  of: (groups: Iterable<Group>): GroupDump => Dump.of(groupFormat, groups),
  parse: (bodies: readonly Uint8Array[]): GroupDump => Dump.parse(groupFormat, bodies),
};
