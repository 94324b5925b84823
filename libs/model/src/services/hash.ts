/** Hashes that are the same on every gateway: no seed, 32 bits, integers only. */

const prime = 0x01000193;

/** One step of FNV-1a with a unit of up to 32 bits; bijective for each unit. */
export const fnvStep = (hash: number, unit: number): number => Math.imul(hash ^ unit, prime);

/** FNV-1a over UTF-16 code units. Not mixed yet: last characters hardly reach the upper bits. */
export function fnv(text: string): number {
  let hash = 0x811c9dc5 | 0;
  for (let at = 0; at < text.length; at++) hash = fnvStep(hash, text.charCodeAt(at));
  return hash;
}

/** Finalizer of MurmurHash3: one changed bit changes half of the result. Bijective, to 0..2^32-1. */
export function avalanche(bits: number): number {
  let value = bits | 0;
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
