/** Reserved ports by name, others by number. */
import { ports } from '../flow.js';
import { type Span } from './scanner.js';

const names: ReadonlyMap<number, string> = new Map([
  [ports.inPort, 'IN_PORT'],
  [0xffff_fff9, 'TABLE'],
  [ports.normal, 'NORMAL'],
  [ports.flood, 'FLOOD'],
  [ports.all, 'ALL'],
  [ports.controller, 'CONTROLLER'],
  [ports.local, 'LOCAL'],
  [ports.any, 'ANY'],
]);
const numbers: ReadonlyMap<string, number> = new Map([
  ...[...names].map(([number, name]) => [name, number] as const),
  ['NONE', ports.any],
]);

/** Ports of OpenFlow 1.0 have 16 bits, reserved ones are the last of them. */
export const narrowPort = (port: number): number => port & 0xffff;
export const widenPort = (port: number): number => (port >= 0xff00 ? port + 0xffff_0000 : port);

export const formatPort = (port: number): string => names.get(port) ?? String(port);

export const portByName = (text: string): number | undefined => numbers.get(text.toUpperCase());

/** A number of up to 32 bits (16-bit reserved ports of OpenFlow 1.0 become their 32-bit twins) or a reserved name. */
export function parsePort(span: Span): number {
  const named = portByName(span.text);
  if (named !== undefined) return named;
  const port = span.number();
  return port <= 0xffff ? widenPort(port) : port;
}
