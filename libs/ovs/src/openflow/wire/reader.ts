/** Reads big-endian fields and never past the end: what is missing is a CodecError. */
import { CodecError } from '../../errors.js';

export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;
  readonly #end: number;

  private constructor(bytes: Uint8Array, view: DataView, [from, end]: readonly [number, number]) {
    this.#bytes = bytes;
    this.#view = view;
    this.#at = from;
    this.#end = end;
  }

  static of(bytes: Uint8Array): Reader {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return new Reader(bytes, view, [0, bytes.length]);
  }

  get offset(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4));
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#advance(8));
  }

  /** An unsigned number of `size` bytes. */
  uint(size: number): bigint {
    switch (size) {
      case 1:
        return BigInt(this.u8());
      case 2:
        return BigInt(this.u16());
      case 4:
        return BigInt(this.u32());
      case 6:
        return BigInt(this.u16() * 0x1_0000_0000 + this.u32());
      case 8:
        return this.u64();
      case 16:
        return (this.u64() << 64n) | this.u64();
      default:
        return this.#odd(size);
    }
  }

  skip(count: number): void {
    this.#advance(count);
  }

  /** A copy. */
  bytes(count: number): Uint8Array {
    const at = this.#advance(count);
    return this.#bytes.slice(at, at + count);
  }

  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  /** A reader of the same bytes, to look ahead. */
  peek(): Reader {
    return new Reader(this.#bytes, this.#view, [this.#at, this.#end]);
  }

  /** A reader of the next `count` bytes, which this one skips. */
  sub(count: number): Reader {
    const at = this.#advance(count);
    return new Reader(this.#bytes, this.#view, [at, at + count]);
  }

  /** Up to the next multiple of 8 since `start`, as far as bytes are left. */
  pad8(start: number): void {
    this.skip(Math.min(this.remaining, (8 - ((this.#at - start) % 8)) % 8));
  }

  #odd(size: number): bigint {
    const at = this.#advance(size);
    let value = 0n;
    for (let i = 0; i < size; i += 1) value = (value << 8n) | BigInt(this.#view.getUint8(at + i));
    return value;
  }

  #advance(count: number): number {
    const at = this.#at;
    if (count < 0 || at + count > this.#end) {
      throw new CodecError(
        `${String(count)} bytes wanted at offset ${String(at)}, ${String(this.remaining)} are there`,
      );
    }
    this.#at = at + count;
    return at;
  }
}
