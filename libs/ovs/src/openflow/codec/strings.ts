/** Text in fields of a fixed size, ended by zeros. */
import { type Reader } from '../wire/reader.js';
import { type Writer } from '../wire/writer.js';

export function writeText(writer: Writer, text: string, size: number): void {
  const bytes = new TextEncoder().encode(text).subarray(0, size);
  writer.raw(bytes);
  writer.zeros(size - bytes.length);
}

export function readText(reader: Reader, size: number): string {
  const bytes = reader.bytes(size);
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
