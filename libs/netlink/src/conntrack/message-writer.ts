/** A growing buffer for many messages: numbers in network order, and `host` ones in the machine's (see attributes.ts). */
export class MessageWriter {
  private bytesOf: Uint8Array<ArrayBuffer>;
  private view: DataView;
  private used = 0;

  constructor(capacity = 4096) {
    this.bytesOf = new Uint8Array(capacity);
    this.view = new DataView(this.bytesOf.buffer);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.used;
  }

  /** What was written; shares memory with the writer until `clear`. */
  get written(): Uint8Array<ArrayBuffer> {
    return this.bytesOf.subarray(0, this.used);
  }

  clear(): void {
    this.used = 0;
  }

  u8(value: number): void {
    const at = this.grow(1);
    this.view.setUint8(at, value);
  }

  u16(value: number): void {
    const at = this.grow(2);
    this.view.setUint16(at, value);
  }

  u32(value: number): void {
    const at = this.grow(4);
    this.view.setUint32(at, value);
  }

  hostU16(value: number): void {
    const at = this.grow(2);
    this.view.setUint16(at, value, true);
  }

  hostU32(value: number): void {
    const at = this.grow(4);
    this.view.setUint32(at, value, true);
  }

  setHostU16(at: number, value: number): void {
    this.view.setUint16(at, value, true);
  }

  setHostU32(at: number, value: number): void {
    this.view.setUint32(at, value, true);
  }

  bytes(value: Uint8Array): void {
    const at = this.grow(value.length);
    this.bytesOf.set(value, at);
  }

  /** Zeros up to the next multiple of four. */
  align(): void {
    const count = -this.used & 3;
    const at = this.grow(count);
    this.bytesOf.fill(0, at, at + count);
  }

  private grow(count: number): number {
    const at = this.used;
    this.used += count;
    if (this.used > this.bytesOf.length) {
      const larger = new Uint8Array(Math.max(this.used, this.bytesOf.length * 2));
      larger.set(this.bytesOf);
      this.bytesOf = larger;
      this.view = new DataView(larger.buffer);
    }
    return at;
  }
}
