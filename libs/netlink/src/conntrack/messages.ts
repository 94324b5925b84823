/**
 * Messages of ctnetlink: netlink's header (linux/netlink.h), nfnetlink's (linux/netfilter/nfnetlink.h), attributes.
 * Requests are written one behind the other into one buffer, as the kernel takes them.
 */
import { connectionAttributes, zoneAttribute } from './schema.js';
import { ConntrackCodecError, peek } from './attributes.js';
import { type ConntrackEntry, type NewConnection, type Tuple } from './connection.js';
import { type MessageWriter } from './message-writer.js';
import { changeValues, entryIn, newConnectionValues, tupleValues } from './values.js';

const headerLength = 16;
const nfHeaderLength = 4;
const nlmsgError = 2;
const nlmsgDone = 3;

const flags = { request: 0x1, ack: 0x4, dump: 0x300, excl: 0x200, create: 0x400 } as const;

/** IPCTNL_MSG_CT_* of NFNL_SUBSYS_CTNETLINK. */
const types = { new: 0x100, get: 0x101, delete: 0x102 } as const;

const inet = 2;
const inet6 = 10;
const familyOf = ({ source }: Tuple): number => (source.includes(':') ? inet6 : inet);

interface Header {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly family: number;
}

export interface Request {
  readonly sequence: number;
  /** The kernel says so when it is done; it tells errors in any case. */
  readonly acknowledge?: boolean;
}

function message(writer: MessageWriter, header: Header, body: () => void): void {
  const at = writer.length;
  writer.hostU32(0);
  writer.hostU16(header.type);
  writer.hostU16(header.flags);
  writer.hostU32(header.sequence);
  writer.hostU32(0);
  writer.u8(header.family);
  writer.u8(0);
  writer.u16(0);
  body();
  writer.setHostU32(at, writer.length - at);
}

const flagsOf = ({ acknowledge = false }: Request, more: number): number =>
  flags.request | (acknowledge ? flags.ack : 0) | more;

/** Asks for all entries of a zone. */
export function writeDump(writer: MessageWriter, sequence: number, zone: number): void {
  message(writer, { type: types.get, flags: flags.request | flags.dump, sequence, family: 0 }, () => {
    connectionAttributes.encode(writer, { zone });
  });
}

/** Makes a connection, established; the kernel answers EEXIST when one of its tuples is taken. */
export function writeInsert(writer: MessageWriter, connection: NewConnection, request: Request): void {
  const header = {
    type: types.new,
    flags: flagsOf(request, flags.create | flags.excl),
    sequence: request.sequence,
    family: familyOf(connection.original),
  };
  message(writer, header, () => connectionAttributes.encode(writer, newConnectionValues(connection)));
}

/** Gives a connection that is there another timeout, mark and labels. */
export function writeChange(writer: MessageWriter, connection: NewConnection, request: Request): void {
  const header = {
    type: types.new,
    flags: flagsOf(request, 0),
    sequence: request.sequence,
    family: familyOf(connection.original),
  };
  message(writer, header, () => connectionAttributes.encode(writer, changeValues(connection)));
}

export interface ConnectionKey {
  readonly zone: number;
  readonly original: Tuple;
}

/** Ends a connection; the kernel answers ENOENT when there is none. */
export function writeDelete(
  writer: MessageWriter,
  { zone, original }: ConnectionKey,
  request: Request,
): void {
  const header = {
    type: types.delete,
    flags: flagsOf(request, 0),
    sequence: request.sequence,
    family: familyOf(original),
  };
  message(writer, header, () =>
    connectionAttributes.encode(writer, { original: tupleValues(original), zone }),
  );
}

export type EntryChange = 'new' | 'update' | 'destroy';

export type KernelMessage =
  /** Of a dump, or an event of a socket that listens. */
  | {
      readonly kind: 'entry';
      readonly sequence: number;
      readonly change: EntryChange;
      readonly entry: ConntrackEntry;
    }
  /** Answer to one request; errno 0: it was done. */
  | { readonly kind: 'answer'; readonly sequence: number; readonly errno: number }
  /** The end of a dump. */
  | { readonly kind: 'done'; readonly sequence: number; readonly errno: number };

function changeOf(type: number, flagBits: number): EntryChange {
  if (type === types.delete) return 'destroy';
  return (flagBits & flags.create) === 0 ? 'update' : 'new';
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** The errno that a message begins with, as a positive number. A dump may end without one. */
function errnoIn(view: DataView, { from, to }: Span): number {
  if (to - from < 4) return 0;
  return 0 - view.getInt32(from, true);
}

function entryMessage(view: DataView, { from, to }: Span, zone: number): ConntrackEntry | undefined {
  const body = from + nfHeaderLength;
  if (body > to) throw new ConntrackCodecError(`an entry of ${to - from} bytes`);
  if ((peek(view, [body, to], zoneAttribute) ?? 0) !== zone) return undefined;
  return entryIn(connectionAttributes.decode(view, body, to));
}

/**
 * What the kernel sent in one piece; entries of other zones, and messages of other kinds, are passed over. Throws
 * ConntrackCodecError.
 */
export function* readMessages(received: Uint8Array, zone: number): Generator<KernelMessage> {
  const view = new DataView(received.buffer, received.byteOffset, received.byteLength);
  for (let at = 0; at < received.length;) {
    if (at + headerLength > received.length) throw new ConntrackCodecError(`half a header at byte ${at}`);
    const length = view.getUint32(at, true);
    if (length < headerLength || at + length > received.length)
      throw new ConntrackCodecError(`a message of ${length} bytes at byte ${at}`);
    const type = view.getUint16(at + 4, true);
    const sequence = view.getUint32(at + 8, true);
    const span = { from: at + headerLength, to: at + length };
    if (type === nlmsgError) yield { kind: 'answer', sequence, errno: errnoIn(view, span) };
    else if (type === nlmsgDone) yield { kind: 'done', sequence, errno: errnoIn(view, span) };
    else if (type === types.new || type === types.delete) {
      const entry = entryMessage(view, span, zone);
      const change = changeOf(type, view.getUint16(at + 6, true));
      if (entry !== undefined) yield { kind: 'entry', sequence, change, entry };
    }
    at += (length + 3) & ~3;
  }
}
