/** OFPT_FLOW_MOD, the flow filter of requests and the flows of a dump. openflow-1.1.h, ofp-flow.c of Open vSwitch 3.1. */
import { CodecError } from '../../errors.js';
import { type Flow, type FlowFlag, flowFlags, type MatchField, ports } from '../flow.js';
import {
  type Counters,
  type FlowFilter,
  type FlowMod,
  type FlowStats,
  type UnreadableFlow,
} from '../messages.js';
import { formatFlow } from '../text/flow.js';
import { type Reader } from '../wire/reader.js';
import { type Writer } from '../wire/writer.js';
import { readInstructions, writeInstructions } from './instructions.js';
import { readMatch, writeMatch } from './match.js';

const commands = { add: 0, modify: 1, modify_strict: 2, delete: 3, delete_strict: 4 } as const;
const anyGroup = 0xffff_ffff;
const noBuffer = 0xffff_ffff;
const allTables = 0xff;
const defaultPriority = 0x8000;

interface Header {
  readonly cookie: bigint;
  readonly cookieMask: bigint;
  readonly table: number;
  readonly command: number;
  readonly idleTimeout: number;
  readonly hardTimeout: number;
  readonly priority: number;
  readonly outPort: number;
  readonly outGroup: number;
  readonly flags: number;
  readonly importance: number;
}

const plain: Omit<Header, 'command' | 'table'> = {
  cookie: 0n,
  cookieMask: 0n,
  idleTimeout: 0,
  hardTimeout: 0,
  priority: defaultPriority,
  outPort: ports.any,
  outGroup: anyGroup,
  flags: 0,
  importance: 0,
};

function writeHeader(writer: Writer, header: Header): void {
  writer.u64(header.cookie);
  writer.u64(header.cookieMask);
  writer.u8(header.table);
  writer.u8(header.command);
  writer.u16(header.idleTimeout);
  writer.u16(header.hardTimeout);
  writer.u16(header.priority);
  writer.u32(noBuffer);
  writer.u32(header.outPort);
  writer.u32(header.outGroup);
  writer.u16(header.flags);
  writer.u16(header.importance);
}

function readHeader(reader: Reader): Header {
  const [cookie, cookieMask] = [reader.u64(), reader.u64()];
  const [table, command] = [reader.u8(), reader.u8()];
  const [idleTimeout, hardTimeout, priority] = [reader.u16(), reader.u16(), reader.u16()];
  reader.skip(4);
  const [outPort, outGroup] = [reader.u32(), reader.u32()];
  const [flags, importance] = [reader.u16(), reader.u16()];
  return {
    cookie,
    cookieMask,
    table,
    command,
    idleTimeout,
    hardTimeout,
    priority,
    outPort,
    outGroup,
    flags,
    importance,
  };
}

/** An error that names the flow as ovs-ofctl would write it. */
function about(flow: Flow, error: unknown): unknown {
  if (!(error instanceof CodecError)) return error;
  let text: string;
  try {
    text = formatFlow(flow);
  } catch {
    text = `table=${String(flow.table)}, priority=${String(flow.priority)}`;
  }
  return new CodecError(`${error.message}, in flow ${text}`, 'OVS_CODEC_UNENCODABLE');
}

const is16 = (value: number): boolean => value >= 0 && value <= 0xffff;

function checkNumbers({ table, priority, idleTimeout = 0, hardTimeout = 0 }: Flow): void {
  const ok = table >= 0 && table < 255 && is16(priority) && is16(idleTimeout) && is16(hardTimeout);
  if (!ok) throw new CodecError('table, priority or timeout is out of range', 'OVS_CODEC_UNENCODABLE');
}

const flagBitsOf = (flags: readonly FlowFlag[] = []): number =>
  flags.reduce((bits, flag) => bits | (1 << flowFlags.indexOf(flag)), 0);

function writeFlow(writer: Writer, flow: Flow, command: number, cookieMask: bigint): void {
  try {
    checkNumbers(flow);
    writeHeader(writer, {
      cookie: flow.cookie,
      cookieMask,
      table: flow.table,
      command,
      idleTimeout: flow.idleTimeout ?? 0,
      hardTimeout: flow.hardTimeout ?? 0,
      priority: flow.priority,
      outPort: plain.outPort,
      outGroup: plain.outGroup,
      flags: flagBitsOf(flow.flags),
      importance: flow.importance ?? 0,
    });
    writeInstructions(writer, flow.actions, writeMatch(writer, flow.match));
  } catch (error) {
    throw about(flow, error);
  }
}

interface Narrowing {
  readonly cookie?: { readonly value: bigint; readonly mask: bigint };
  readonly outPort?: number;
  readonly outGroup?: number;
}

const narrowed = ({ cookie, outPort, outGroup }: Narrowing): Partial<Header> => ({
  ...(cookie !== undefined && { cookie: cookie.value, cookieMask: cookie.mask }),
  ...(outPort !== undefined && { outPort }),
  ...(outGroup !== undefined && { outGroup }),
});

const narrowing = ({ cookie, cookieMask, outPort, outGroup }: Omit<Header, 'command'>): Narrowing => ({
  ...(cookieMask !== 0n && { cookie: { value: cookie, mask: cookieMask } }),
  ...(outPort !== ports.any && { outPort }),
  ...(outGroup !== anyGroup && { outGroup }),
});

export function writeFlowMod(writer: Writer, mod: FlowMod): void {
  switch (mod.command) {
    case 'add':
    case 'modify':
    case 'modify_strict':
      writeFlow(writer, mod.flow, commands[mod.command], mod.cookieMask ?? 0n);
      return;
    case 'delete': {
      const { filter } = mod;
      const table = filter.table ?? allTables;
      writeHeader(writer, { ...plain, ...narrowed(filter), table, command: commands.delete });
      writeMatch(writer, filter.match ?? []);
      return;
    }
    case 'delete_strict': {
      const { table, priority } = mod;
      writeHeader(writer, { ...plain, ...narrowed(mod), table, priority, command: commands.delete_strict });
      writeMatch(writer, mod.match);
    }
  }
}

function readFlags(bits: number): { readonly flags?: readonly FlowFlag[] } {
  const flags = flowFlags.filter((_, i) => bits & (1 << i));
  return flags.length === 0 ? {} : { flags };
}

type FlowHeader = Omit<Header, 'command' | 'cookieMask' | 'outPort' | 'outGroup'>;

const flowOf = (header: FlowHeader, match: readonly MatchField[], reader: Reader): Flow => ({
  table: header.table,
  priority: header.priority,
  cookie: header.cookie,
  ...(header.idleTimeout !== 0 && { idleTimeout: header.idleTimeout }),
  ...(header.hardTimeout !== 0 && { hardTimeout: header.hardTimeout }),
  ...readFlags(header.flags),
  ...(header.importance !== 0 && { importance: header.importance }),
  match,
  actions: readInstructions(reader),
});

const filterOf = (table: number, narrow: Narrowing, match: readonly MatchField[]): FlowFilter => ({
  ...(table !== allTables && { table }),
  ...narrow,
  ...(match.length > 0 && { match }),
});

export function readFlowMod(reader: Reader): FlowMod {
  const header = readHeader(reader);
  const match = readMatch(reader);
  const { table, priority, cookieMask } = header;
  const command = (Object.keys(commands) as (keyof typeof commands)[])[header.command];
  switch (command) {
    case 'add':
    case 'modify':
    case 'modify_strict':
      return { command, flow: flowOf(header, match, reader), ...(cookieMask !== 0n && { cookieMask }) };
    case 'delete':
      return { command, filter: filterOf(table, narrowing(header), match) };
    case 'delete_strict':
      return { command, table, priority, match, ...narrowing(header) };
    case undefined:
      break;
  }
  throw new CodecError(`flow mod has command ${String(header.command)}`);
}

/** Body of the multipart request for flows, ofp11_flow_stats_request. */
export function writeFlowFilter(writer: Writer, filter: FlowFilter): void {
  writer.u8(filter.table ?? allTables);
  writer.zeros(3);
  writer.u32(filter.outPort ?? ports.any);
  writer.u32(filter.outGroup ?? anyGroup);
  writer.zeros(4);
  writer.u64(filter.cookie?.value ?? 0n);
  writer.u64(filter.cookie?.mask ?? 0n);
  writeMatch(writer, filter.match ?? []);
}

export function readFlowFilter(reader: Reader): FlowFilter {
  const table = reader.u8();
  reader.skip(3);
  const [outPort, outGroup] = [reader.u32(), reader.u32()];
  reader.skip(4);
  const [cookie, cookieMask] = [reader.u64(), reader.u64()];
  return filterOf(
    table,
    narrowing({ ...plain, table, outPort, outGroup, cookie, cookieMask }),
    readMatch(reader),
  );
}

/** OXS fields, openflow-1.5 7.2.4.2: class 0x8002, number, length. */
const oxs = { duration: 0x8002_0008, packets: 0x8002_0808, bytes: 0x8002_0a08 } as const;

/** Fields that we do not use (idle time, flow count) are passed over. */
export function readCounters(reader: Reader): Counters {
  const start = reader.offset;
  reader.skip(2);
  const length = reader.u16();
  const body = reader.sub(length - 4);
  const values = new Map<number, bigint>();
  while (body.remaining > 0) {
    const header = body.u32();
    const size = header & 0xff;
    if (size === 8) values.set(header, body.u64());
    else body.skip(size);
  }
  reader.pad8(start);
  const duration = values.get(oxs.duration) ?? 0n;
  return {
    packets: values.get(oxs.packets) ?? 0n,
    bytes: values.get(oxs.bytes) ?? 0n,
    durationSeconds: Number(duration >> 32n),
    durationNanoseconds: Number(duration & 0xffff_ffffn),
  };
}

export function writeCounters(writer: Writer, counters: Counters): void {
  const start = writer.length;
  writer.u32(0);
  writer.u32(oxs.duration);
  writer.u32(counters.durationSeconds);
  writer.u32(counters.durationNanoseconds);
  writer.u32(oxs.packets);
  writer.u64(counters.packets);
  writer.u32(oxs.bytes);
  writer.u64(counters.bytes);
  writer.patchLength(start + 2, start);
  writer.pad8(start);
}

/**
 * One flow of a dump: what Open vSwitch 3.1 answers to OFPMP_FLOW in OpenFlow 1.5. A flow that we cannot represent must
 * not hide the others: its place in the dump is known by its length.
 */
export function readFlowStats(reader: Reader): FlowStats | UnreadableFlow {
  const length = reader.u16();
  const body = reader.sub(length - 2);
  body.skip(2);
  const table = body.u8();
  body.skip(1);
  const [priority, idleTimeout, hardTimeout] = [body.u16(), body.u16(), body.u16()];
  const [flags, importance] = [body.u16(), body.u16()];
  const cookie = body.u64();
  const header = { table, priority, idleTimeout, hardTimeout, flags, importance, cookie };
  try {
    const match = readMatch(body);
    const counters = readCounters(body);
    return { flow: flowOf(header, match, body), ...counters };
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    return { table, priority, cookie, reason: error.message };
  }
}

export function writeFlowStats(writer: Writer, stats: FlowStats): void {
  const { flow } = stats;
  const start = writer.length;
  writer.u32(0);
  writer.u8(flow.table);
  writer.u8(0);
  writer.u16(flow.priority);
  writer.u16(flow.idleTimeout ?? 0);
  writer.u16(flow.hardTimeout ?? 0);
  writer.u16(flagBitsOf(flow.flags));
  writer.u16(flow.importance ?? 0);
  writer.u64(flow.cookie);
  const protocols = writeMatch(writer, flow.match);
  writeCounters(writer, stats);
  writeInstructions(writer, flow.actions, protocols);
  writer.patchLength(start, start);
}
