/** The header of every message: version, type, length, transaction id. */
import { type Writer } from '../wire/writer.js';

/** OpenFlow 1.5 on the wire. */
export const wireVersion = 6;
export const headerBytes = 8;

/** Gives the offset that `finishMessage` wants. */
export function startMessage(writer: Writer, type: number, xid: number): number {
  const start = writer.length;
  writer.u8(wireVersion);
  writer.u8(type);
  writer.u16(0);
  writer.u32(xid);
  return start;
}

export function finishMessage(writer: Writer, start: number): void {
  writer.patchLength(start + 2, start);
}

/** A message like the one of `head`, with `body` behind it. */
export function writeLike(
  writer: Writer,
  { head, body, xid }: { readonly head: Uint8Array; readonly body: Uint8Array; readonly xid: number },
): void {
  const start = writer.length;
  writer.raw(head.subarray(0, 4));
  writer.u32(xid);
  writer.raw(head.subarray(headerBytes));
  writer.raw(body);
  finishMessage(writer, start);
}
