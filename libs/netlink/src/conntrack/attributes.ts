/**
 * Netlink attributes (linux/netlink.h): length, type, value, padding to four bytes. A message's attributes are a table
 * of names, numbers and value codecs; one walk serves all tables. Lengths and types are in the machine's byte order,
 * which is little endian on all that Sluice runs on; values are in network order.
 */
import { ProtocolError } from '@sluice/core';
import { type MessageWriter } from './message-writer.js';

const headerLength = 4;
const nestedFlag = 0x8000;
/** Without the flags for nesting and for byte order. */
const typeMask = 0x3fff;

/** Bytes that are no message of the kernel's. Never retryable: the same bytes fail again. */
export class ConntrackCodecError extends ProtocolError {
  constructor(message: string) {
    super('SLUICE_CONNTRACK_MALFORMED', { message: `connection tracking: ${message}` });
  }
}

export interface ValueCodec<T> {
  readonly nested: boolean;
  /** Of the bytes from `from` up to `to`. Throws ConntrackCodecError. */
  decode(view: DataView, from: number, to: number): T;
  encode(writer: MessageWriter, value: T): void;
}

export type Schema = Readonly<Record<string, readonly [type: number, codec: ValueCodec<unknown>]>>;

/** What is in a message that follows a schema. Nothing is required: the kernel leaves out what does not apply. */
export type Values<S extends Schema> = {
  readonly [K in keyof S]?: (S[K][1] extends ValueCodec<infer T> ? T : never) | undefined;
};

interface Known {
  readonly name: string;
  readonly codec: ValueCodec<unknown>;
}

/** The number of an attribute that fills the bytes from `at`, and where the next one begins. */
function header(view: DataView, at: number, to: number): { type: number; end: number; next: number } {
  if (at + headerLength > to) throw new ConntrackCodecError(`half an attribute at byte ${at}`);
  const length = view.getUint16(at, true);
  if (length < headerLength || at + length > to)
    throw new ConntrackCodecError(`an attribute of ${length} bytes at byte ${at}, ${to - at} are there`);
  const type = view.getUint16(at + 2, true) & typeMask;
  return { type, end: at + length, next: at + ((length + 3) & ~3) };
}

/** Attributes by their table; those that are not in it are passed over. */
export function attributes<const S extends Schema>(schema: S): ValueCodec<Values<S>> {
  const entries = Object.entries(schema);
  const known: (Known | undefined)[] = [];
  for (const [name, [type, codec]] of entries) known[type] = { name, codec };
  return {
    nested: true,
    decode(view, from, to) {
      const values: Record<string, unknown> = {};
      for (let at = from; at < to;) {
        const { type, end, next } = header(view, at, to);
        const attribute = known[type];
        if (attribute !== undefined)
          values[attribute.name] = attribute.codec.decode(view, at + headerLength, end);
        at = next;
      }
      return values as Values<S>;
    },
    encode(writer, values) {
      for (const [name, [type, codec]] of entries) {
        const value = values[name];
        if (value !== undefined) writeAttribute(writer, [type, codec], value);
      }
    },
  };
}

function writeAttribute(
  writer: MessageWriter,
  [type, codec]: readonly [number, ValueCodec<unknown>],
  value: unknown,
): void {
  const at = writer.length;
  writer.hostU16(0);
  writer.hostU16(type | (codec.nested ? nestedFlag : 0));
  codec.encode(writer, value);
  writer.setHostU16(at, writer.length - at);
  writer.align();
}

/** The first value of one attribute, without a look at the others; undefined: there is none. */
export function peek<T>(
  view: DataView,
  [from, to]: readonly [number, number],
  [wanted, codec]: readonly [number, ValueCodec<T>],
): T | undefined {
  for (let at = from; at < to;) {
    const { type, end, next } = header(view, at, to);
    if (type === wanted) return codec.decode(view, at + headerLength, end);
    at = next;
  }
  return undefined;
}

function number(
  size: number,
  read: (view: DataView, at: number) => number,
  write: (writer: MessageWriter, value: number) => void,
): ValueCodec<number> {
  return {
    nested: false,
    decode(view, from, to) {
      if (to - from !== size)
        throw new ConntrackCodecError(`a number of ${size} bytes has ${to - from} at byte ${from}`);
      return read(view, from);
    },
    encode: write,
  };
}

export const u8 = number(
  1,
  (view, at) => view.getUint8(at),
  (writer, value) => writer.u8(value),
);
export const u16 = number(
  2,
  (view, at) => view.getUint16(at),
  (writer, value) => writer.u16(value),
);
export const u32 = number(
  4,
  (view, at) => view.getUint32(at),
  (writer, value) => writer.u32(value),
);

/** Exactly so many bytes; what is decoded is a copy. */
export const bytes = (size: number): ValueCodec<Uint8Array> => ({
  nested: false,
  decode(view, from, to) {
    if (to - from !== size)
      throw new ConntrackCodecError(`${size} bytes wanted at byte ${from}, ${to - from} are there`);
    return new Uint8Array(view.buffer, view.byteOffset + from, size).slice();
  },
  encode: (writer, value) => writer.bytes(value),
});
