/** Cuts a byte stream into OpenFlow messages by the length in their headers. */
import { CodecError } from '../../errors.js';

const headerBytes = 8;

export class FrameDecoder {
  #pending: Uint8Array = new Uint8Array(0);
  readonly #maxBytes: number;

  /** `maxBytes`: the longest message to accept; OpenFlow's own limit by default. */
  constructor(maxBytes = 0xffff) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes what the stream gave, gives the messages that are complete, header included.
   * A header that cannot be right raises CodecError; the stream is of no use after that.
   */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    const bytes = this.#pending.length === 0 ? chunk : joined(this.#pending, chunk);
    const frames: Uint8Array[] = [];
    let at = 0;
    while (bytes.length - at >= 4) {
      const length = this.#lengthAt(bytes, at);
      if (bytes.length - at < length) break;
      frames.push(bytes.subarray(at, at + length));
      at += length;
    }
    this.#pending = bytes.slice(at);
    return frames;
  }

  #lengthAt(bytes: Uint8Array, at: number): number {
    const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    if (length < headerBytes || length > this.#maxBytes) {
      throw new CodecError(
        `header says ${String(length)} bytes, not ${String(headerBytes)} to ${String(this.#maxBytes)}`,
      );
    }
    return length;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}
