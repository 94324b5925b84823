/** Bodies of multipart requests and replies: one record per kind. OpenFlow 1.5 7.3.5. */
import { CodecError } from '../../errors.js';
import { ports } from '../flow.js';
import {
  type BucketStats,
  type GroupStats,
  type MeterStats,
  type MultipartReply,
  type MultipartRequest,
} from '../messages.js';
import { Reader } from '../wire/reader.js';
import { type Writer } from '../wire/writer.js';
import { readFlowFilter, readFlowStats, writeFlowFilter, writeFlowStats } from './flow.js';
import { everyGroup, readGroup, writeGroup } from './group.js';
import { everyMeter, readMeter, writeMeter } from './meter.js';
import { readPort, writePort } from './port.js';
import { readText, writeText } from './strings.js';

type Kind = MultipartRequest['kind'];
type RequestOf<K extends Kind> = Extract<MultipartRequest, { readonly kind: K }>;
type ReplyOf<K extends Kind> = Extract<MultipartReply, { readonly kind: K }>;

interface MultipartRecord<K extends Kind> {
  readonly number: number;
  writeRequest(writer: Writer, request: RequestOf<K>): void;
  readRequest(reader: Reader): RequestOf<K>;
  writeReply(writer: Writer, reply: ReplyOf<K>): void;
  readReply(reader: Reader): ReplyOf<K>;
}

function writeAll<T>(writer: Writer, items: readonly T[], write: (writer: Writer, item: T) => void): void {
  for (const item of items) write(writer, item);
}

function readAll<T>(reader: Reader, read: (reader: Reader) => T): readonly T[] {
  const items: T[] = [];
  while (reader.remaining > 0) items.push(read(reader));
  return items;
}

function writeId(writer: Writer, id: number): void {
  writer.u32(id);
  writer.zeros(4);
}

function readId(reader: Reader, every: number): number | undefined {
  const id = reader.u32();
  reader.skip(4);
  return id === every ? undefined : id;
}

const descBytes = 256;
const serialBytes = 32;

const desc: MultipartRecord<'desc'> = {
  number: 0,
  writeRequest: () => undefined,
  readRequest: () => ({ kind: 'desc' }),
  writeReply: (writer, reply) => {
    writeText(writer, reply.manufacturer, descBytes);
    writeText(writer, reply.hardware, descBytes);
    writeText(writer, reply.software, descBytes);
    writeText(writer, reply.serialNumber, serialBytes);
    writeText(writer, reply.datapath, descBytes);
  },
  readReply: (reader) => ({
    kind: 'desc',
    manufacturer: readText(reader, descBytes),
    hardware: readText(reader, descBytes),
    software: readText(reader, descBytes),
    serialNumber: readText(reader, serialBytes),
    datapath: readText(reader, descBytes),
  }),
};

/** Open vSwitch 3.1 knows OFPMP_FLOW_DESC of 1.5 under the old number, with OXS counters. */
const flow: MultipartRecord<'flow'> = {
  number: 1,
  writeRequest: (writer, { filter }) => {
    writeFlowFilter(writer, filter);
  },
  readRequest: (reader) => ({ kind: 'flow', filter: readFlowFilter(reader) }),
  writeReply: (writer, { flows }) => {
    writeAll(writer, flows, writeFlowStats);
  },
  readReply: (reader) => {
    const entries = readAll(reader, readFlowStats);
    return {
      kind: 'flow',
      flows: entries.filter((entry) => 'flow' in entry),
      unreadable: entries.filter((entry) => 'reason' in entry),
    };
  },
};

const groupDesc: MultipartRecord<'group_desc'> = {
  number: 7,
  writeRequest: (writer, { group = everyGroup }) => {
    writeId(writer, group);
  },
  readRequest: (reader) => {
    const group = readId(reader, everyGroup);
    return { kind: 'group_desc', ...(group !== undefined && { group }) };
  },
  writeReply: (writer, { groups }) => {
    writeAll(writer, groups, writeGroup);
  },
  readReply: (reader) => ({ kind: 'group_desc', groups: readAll(reader, readGroup) }),
};

function writeBuckets(writer: Writer, buckets: readonly BucketStats[]): void {
  for (const { packets, bytes } of buckets) {
    writer.u64(packets);
    writer.u64(bytes);
  }
}

const readBucket = (reader: Reader): BucketStats => ({ packets: reader.u64(), bytes: reader.u64() });

function writeGroupStats(writer: Writer, stats: GroupStats): void {
  const start = writer.length;
  writer.u32(0);
  writer.u32(stats.group);
  writer.u32(stats.references);
  writer.zeros(4);
  writeBuckets(writer, [stats]);
  writer.u32(stats.durationSeconds);
  writer.u32(stats.durationNanoseconds);
  writeBuckets(writer, stats.buckets);
  writer.patchLength(start, start);
}

function readGroupStats(reader: Reader): GroupStats {
  const length = reader.u16();
  const body = reader.sub(length - 2);
  body.skip(2);
  const [group, references] = [body.u32(), body.u32()];
  body.skip(4);
  return {
    group,
    references,
    ...readBucket(body),
    durationSeconds: body.u32(),
    durationNanoseconds: body.u32(),
    buckets: readAll(body, readBucket),
  };
}

const groupStats: MultipartRecord<'group_stats'> = {
  number: 6,
  writeRequest: (writer, { group = everyGroup }) => {
    writeId(writer, group);
  },
  readRequest: (reader) => {
    const group = readId(reader, everyGroup);
    return { kind: 'group_stats', ...(group !== undefined && { group }) };
  },
  writeReply: (writer, { groups }) => {
    writeAll(writer, groups, writeGroupStats);
  },
  readReply: (reader) => ({ kind: 'group_stats', groups: readAll(reader, readGroupStats) }),
};

const meterDesc: MultipartRecord<'meter_desc'> = {
  number: 10,
  writeRequest: (writer, { meter = everyMeter }) => {
    writeId(writer, meter);
  },
  readRequest: (reader) => {
    const meter = readId(reader, everyMeter);
    return { kind: 'meter_desc', ...(meter !== undefined && { meter }) };
  },
  writeReply: (writer, { meters }) => {
    writeAll(writer, meters, writeMeter);
  },
  readReply: (reader) => ({ kind: 'meter_desc', meters: readAll(reader, readMeter) }),
};

function writeMeterStats(writer: Writer, stats: MeterStats): void {
  const start = writer.length;
  writer.u32(stats.meter);
  const at = writer.length;
  writer.zeros(8);
  writer.u32(stats.flows);
  writeBuckets(writer, [stats]);
  writer.u32(stats.durationSeconds);
  writer.u32(stats.durationNanoseconds);
  writeBuckets(writer, stats.bands);
  writer.patchLength(at, start);
}

function readMeterStats(reader: Reader): MeterStats {
  const meter = reader.u32();
  const length = reader.u16();
  const body = reader.sub(length - 6);
  body.skip(6);
  return {
    meter,
    flows: body.u32(),
    ...readBucket(body),
    durationSeconds: body.u32(),
    durationNanoseconds: body.u32(),
    bands: readAll(body, readBucket),
  };
}

const meterStats: MultipartRecord<'meter_stats'> = {
  number: 9,
  writeRequest: (writer, { meter = everyMeter }) => {
    writeId(writer, meter);
  },
  readRequest: (reader) => {
    const meter = readId(reader, everyMeter);
    return { kind: 'meter_stats', ...(meter !== undefined && { meter }) };
  },
  writeReply: (writer, { meters }) => {
    writeAll(writer, meters, writeMeterStats);
  },
  readReply: (reader) => ({ kind: 'meter_stats', meters: readAll(reader, readMeterStats) }),
};

const portDesc: MultipartRecord<'port_desc'> = {
  number: 13,
  writeRequest: (writer, { port = ports.any }) => {
    writeId(writer, port);
  },
  readRequest: (reader) => {
    const port = readId(reader, ports.any);
    return { kind: 'port_desc', ...(port !== undefined && { port }) };
  },
  writeReply: (writer, reply) => {
    writeAll(writer, reply.ports, writePort);
  },
  readReply: (reader) => ({ kind: 'port_desc', ports: readAll(reader, readPort) }),
};

const records: { readonly [K in Kind]: MultipartRecord<K> } = {
  desc,
  flow,
  group_desc: groupDesc,
  group_stats: groupStats,
  meter_desc: meterDesc,
  meter_stats: meterStats,
  port_desc: portDesc,
};

type AnyRecord = MultipartRecord<Kind>;
const recordOf = (kind: Kind): AnyRecord => records[kind] as AnyRecord;
const byNumber: ReadonlyMap<number, AnyRecord> = new Map(
  Object.values(records).map((record) => [record.number, record as AnyRecord]),
);
const moreFollows = 1;

function readHeader(reader: Reader): { readonly record: AnyRecord; readonly more: boolean } {
  const number = reader.u16();
  const flags = reader.u16();
  reader.skip(4);
  const record = byNumber.get(number);
  if (record === undefined) throw new CodecError(`multipart message has type ${String(number)}`);
  return { record, more: (flags & moreFollows) !== 0 };
}

function writeHeader(writer: Writer, kind: Kind, more: boolean): AnyRecord {
  const record = recordOf(kind);
  writer.u16(record.number);
  writer.u16(more ? moreFollows : 0);
  writer.zeros(4);
  return record;
}

export function writeRequest(writer: Writer, request: MultipartRequest): void {
  writeHeader(writer, request.kind, false).writeRequest(writer, request);
}

export function readRequest(reader: Reader): MultipartRequest {
  return readHeader(reader).record.readRequest(reader);
}

export function writeReply(writer: Writer, reply: MultipartReply, more: boolean): void {
  writeHeader(writer, reply.kind, more).writeReply(writer, reply);
}

/** A part that is not read: what follows its header. */
export function replyBody(bytes: Uint8Array): { readonly part: Uint8Array; readonly more: boolean } {
  const reader = Reader.of(bytes);
  const { more } = readHeader(reader);
  return { part: bytes.subarray(reader.offset), more };
}

export function readReply(reader: Reader): { readonly reply: MultipartReply; readonly more: boolean } {
  const { record, more } = readHeader(reader);
  return { reply: record.readReply(reader), more };
}
