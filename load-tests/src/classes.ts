/**
 * Which connections share an endpoint. Sluice chooses by a hash of some bits of the client's address and port
 * (libs/datapath/src/pipeline/service-shards.ts): all connections that have these bits in common, a class, go to the same
 * endpoint. So it is classes that are spread, and a hundred connections of one class say no more than one. Pure.
 */
import { type Source } from './visits/visit.js';

/** Of the address, the lowest ones. */
const addressBits = 4;
const leastPortBits = 4;
/** Bit 0 of ports is not used. */
const mostPortBits = 15;
const valuesPerEndpoint = 64;

export const portBitsFor = (endpoints: number): number =>
  endpoints <= 1
    ? leastPortBits
    : Math.min(mostPortBits, Math.ceil(Math.log2(endpoints * valuesPerEndpoint)));

/** The lowest four bits of an address as Node writes it. */
function lowBits(address: string): number {
  const last = address.split(/[.:]/).at(-1) ?? '';
  const value = address.includes('.') ? Number(last) : Number.parseInt(last === '' ? '0' : last, 16);
  return value & (2 ** addressBits - 1);
}

/** With all bits of the port that may count; `coarser` leaves fewer. */
export const finestClass = ({ address, port }: Source): number =>
  lowBits(address.split('%')[0] ?? '') * 2 ** mostPortBits + (port >> 1);

const coarser = (finest: number, portBits: number): number => {
  const size = 2 ** mostPortBits;
  return Math.floor(finest / size) * size + ((finest % size) & (2 ** portBits - 1));
};

/** Numbers of classes by endpoint. */
export type Spread = Readonly<Record<string, number>>;

/**
 * Counts each class once, at the endpoint that it met first: where something else than this hash chooses, that is as good a
 * sample as any. `met` has the endpoint that each finest class met first, in the order of time.
 */
export function spreadOf(met: ReadonlyMap<number, string>, endpoints: number): Spread {
  const portBits = portBitsFor(endpoints);
  const first = new Map<number, string>();
  for (const [finest, endpoint] of met) {
    const coarse = coarser(finest, portBits);
    if (!first.has(coarse)) first.set(coarse, endpoint);
  }
  const counts: Record<string, number> = {};
  for (const endpoint of first.values()) counts[endpoint] = (counts[endpoint] ?? 0) + 1;
  return counts;
}
