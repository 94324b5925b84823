/** A growing buffer of big-endian fields: one allocation for many messages. */
import { CodecError } from '../../errors.js';

const word = 0xffff_ffff_ffff_ffffn;

export class Writer {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  u8(value: number): void {
    const at = this.#grow(1);
    this.#view.setUint8(at, value);
  }

  u16(value: number): void {
    const at = this.#grow(2);
    this.#view.setUint16(at, value);
  }

  u32(value: number): void {
    const at = this.#grow(4);
    this.#view.setUint32(at, value);
  }

  u64(value: bigint): void {
    const at = this.#grow(8);
    this.#view.setBigUint64(at, value);
  }

  /** `value` in `size` bytes, 1 to 16. The caller has checked that it fits. */
  uint(value: bigint, size: number): void {
    if (size <= 4) this.#small(Number(value), size);
    else if (size === 6) {
      const number = Number(value);
      this.u16(Math.floor(number / 0x1_0000_0000));
      this.u32(number % 0x1_0000_0000);
    } else if (size === 8) this.u64(value);
    else this.#large(value, size);
  }

  zeros(count: number): void {
    const at = this.#grow(count);
    // Padding is a few bytes: a loop is quicker than a call of fill().
    for (let i = at; i < at + count; i += 1) this.#bytes[i] = 0;
  }

  raw(bytes: Uint8Array): void {
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** Zeros up to a multiple of 8 since `start`. */
  pad8(start: number): void {
    this.zeros((8 - ((this.#length - start) % 8)) % 8);
  }

  /** Writes how much followed since `start` into the 16-bit length field at `at`. */
  patchLength(at: number, start: number): void {
    const length = this.#length - start;
    if (length > 0xffff) {
      throw new CodecError(
        `${String(length)} bytes do not fit OpenFlow's 16-bit length`,
        'OVS_CODEC_UNENCODABLE',
      );
    }
    this.#view.setUint16(at, length);
  }

  /** Drops what was written since `length`: a message that failed half-way must not stay. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** All bytes, not copied: valid until something is written. */
  view(): Buffer {
    return Buffer.from(this.#bytes.buffer, 0, this.#length);
  }

  /** A copy of all bytes; the writer starts anew. */
  take(): Uint8Array {
    const bytes = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return bytes;
  }

  #small(value: number, size: number): void {
    if (size === 4) this.u32(value);
    else if (size === 2) this.u16(value);
    else if (size === 1) this.u8(value);
    else this.#large(BigInt(value), size);
  }

  #large(value: bigint, size: number): void {
    if (size === 16) {
      this.u64(value >> 64n);
      this.u64(value & word);
      return;
    }
    const at = this.#grow(size);
    for (let i = 0; i < size; i += 1) {
      this.#bytes[at + i] = Number((value >> BigInt(8 * (size - 1 - i))) & 0xffn);
    }
  }

  /** Makes room for `count` bytes and gives the offset of the first. May replace bytes and view: call it before using them. */
  #grow(count: number): number {
    const at = this.#length;
    const end = at + count;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#length = end;
    return at;
  }
}
