/**
 * The addresses of a pool as disjoint, sorted ranges. IPv6 ranges are far too large to list, so everything is arithmetic
 * on their ends; the work grows with the number of allocations.
 */
import {
  type Cidr,
  cidrRange,
  ConfigError,
  type Family,
  familyBits,
  type IpAddress,
  type IpRange,
  parseCidr,
  parseIp,
  rangeContains,
  rangesOverlap,
} from '@sluice/core';

/** As a user writes it: `cidr` with `except`, or `start` and `end`. */
export interface RangeText {
  readonly cidr?: string | undefined;
  readonly except?: readonly string[] | undefined;
  readonly start?: string | undefined;
  readonly end?: string | undefined;
}

const invalid = (message: string): ConfigError => new ConfigError('SLUICE_ADDRESS_INVALID', { message });

function wholeRange({ cidr, start, end }: RangeText): IpRange {
  if (cidr !== undefined) return cidrRange(parseCidr(cidr));
  if (start === undefined || end === undefined) throw invalid('a range needs cidr, or start and end');
  const [first, last] = [parseIp(start), parseIp(end)];
  if (first.family !== last.family) throw invalid(`range ${start} to ${end} mixes families`);
  if (first.value > last.value) throw invalid(`range ${start} to ${end} ends before it starts`);
  return { family: first.family, first: first.value, last: last.value };
}

/** `range` without `hole`: none, one or two ranges. */
function without(range: IpRange, hole: IpRange): readonly IpRange[] {
  if (!rangesOverlap(range, hole)) return [range];
  const { family, first, last } = range;
  const left = { family, first, last: hole.first - 1n };
  const right = { family, first: hole.last + 1n, last };
  return [left, right].filter((part) => part.first <= part.last);
}

export const withoutAll = (ranges: readonly IpRange[], holes: readonly IpRange[]): readonly IpRange[] =>
  holes.reduce<readonly IpRange[]>((left, hole) => left.flatMap((range) => without(range, hole)), ranges);

const byStart = (a: IpRange, b: IpRange): number =>
  a.family - b.family || (a.first < b.first ? -1 : a.first > b.first ? 1 : 0);

/**
 * The ranges of a pool, sorted. Throws ConfigError SLUICE_ADDRESS_INVALID for a range that is none, and for two that
 * overlap.
 */
export function parseRanges(texts: readonly RangeText[]): readonly IpRange[] {
  const ranges = texts.flatMap((text) => {
    const holes = (text.except ?? []).map((except) => cidrRange(parseCidr(except)));
    return withoutAll([wholeRange(text)], holes);
  });
  const sorted = ranges.toSorted(byStart);
  sorted.forEach((range, index) => {
    const next = sorted[index + 1];
    if (next !== undefined && rangesOverlap(range, next)) throw invalid('two ranges of the pool overlap');
  });
  return sorted;
}

/** The same addresses as the fewest blocks, in order. */
export const blocksOf = (ranges: readonly IpRange[]): readonly Cidr[] =>
  ranges.flatMap(({ family, first, last }) => {
    const blocks: Cidr[] = [];
    for (let network = first; network <= last;) {
      let hostBits = 0n;
      // Twice the size: still aligned, and not beyond the end.
      while (network % (2n << hostBits) === 0n && network + (2n << hostBits) - 1n <= last) hostBits++;
      blocks.push({ family, network, prefixLength: familyBits(family) - Number(hostBits) });
      network += 1n << hostBits;
    }
    return blocks;
  });

export const contains = (ranges: readonly IpRange[], address: IpAddress): boolean =>
  ranges.some((range) => rangeContains(range, address));

export const overlap = (a: readonly IpRange[], b: readonly IpRange[]): boolean =>
  a.some((range) => b.some((other) => rangesOverlap(range, other)));

/** Number of addresses of a family. */
export const capacity = (ranges: readonly IpRange[], family: Family): bigint =>
  ranges
    .filter((range) => range.family === family)
    .reduce((sum, { first, last }) => sum + last - first + 1n, 0n);

/** The lowest address of a family that is not taken. */
export function firstFree(
  ranges: readonly IpRange[],
  family: Family,
  taken: ReadonlySet<bigint>,
): bigint | undefined {
  for (const range of ranges) {
    if (range.family !== family) continue;
    for (let value = range.first; value <= range.last; value++) if (!taken.has(value)) return value;
  }
  return undefined;
}

/** How many addresses of the family lie before this one, and the other way round. */
export function offsetOf(ranges: readonly IpRange[], { family, value }: IpAddress): bigint | undefined {
  let before = 0n;
  for (const range of ranges) {
    if (range.family !== family) continue;
    if (value >= range.first && value <= range.last) return before + value - range.first;
    before += range.last - range.first + 1n;
  }
  return undefined;
}

export function atOffset(ranges: readonly IpRange[], family: Family, offset: bigint): bigint | undefined {
  let left = offset;
  for (const range of ranges) {
    if (range.family !== family) continue;
    const size = range.last - range.first + 1n;
    if (left < size) return range.first + left;
    left -= size;
  }
  return undefined;
}
