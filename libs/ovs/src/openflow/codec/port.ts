/** ofp14_port: number, address, name, configuration and state; its properties (speeds) are passed over. */
import { type PortDescription } from '../messages.js';
import { formatMac, parseMac } from '../text/addresses.js';
import { type Reader } from '../wire/reader.js';
import { type Writer } from '../wire/writer.js';
import { readText, writeText } from './strings.js';

const bytes = 40;
const nameBytes = 16;

export function writePort(writer: Writer, { port, mac, name, config, state }: PortDescription): void {
  writer.u32(port);
  writer.u16(bytes);
  writer.zeros(2);
  writer.uint(parseMac(mac) ?? 0n, 6);
  writer.zeros(2);
  writeText(writer, name, nameBytes);
  writer.u32(config);
  writer.u32(state);
}

export function readPort(reader: Reader): PortDescription {
  const port = reader.u32();
  const length = reader.u16();
  const body = reader.sub(length - 6);
  body.skip(2);
  const mac = formatMac(body.uint(6));
  body.skip(2);
  return { port, mac, name: readText(body, nameBytes), config: body.u32(), state: body.u32() };
}
