/** Which addresses a new allocation gets: the lowest free one, or a pair at the same place of both families' ranges. */
import { type Family, formatIp, type IpRange } from '@sluice/core';
import { atOffset, firstFree, offsetOf } from './ranges.js';

/** Addresses that are not to be given out, by family. */
export type Taken = Readonly<Record<Family, ReadonlySet<bigint>>>;

const families = [4, 6] as const;

/** One address of the first family that has a free one. */
export function allocateSingle(ranges: readonly IpRange[], taken: Taken): readonly string[] | undefined {
  return allocateFamily(ranges, 4, taken) ?? allocateFamily(ranges, 6, taken);
}

/** One address of this family. */
export function allocateFamily(
  ranges: readonly IpRange[],
  family: Family,
  taken: Taken,
): readonly string[] | undefined {
  const value = firstFree(ranges, family, taken[family]);
  return value === undefined ? undefined : [formatIp({ family, value })];
}

/** One of each family that the pool has; undefined when one of them has no free address. */
export function allocatePair(ranges: readonly IpRange[], taken: Taken): readonly string[] | undefined {
  const present = families.filter((family) => ranges.some((range) => range.family === family));
  if (present.length < 2) return allocateSingle(ranges, taken);
  const v4 = firstFree(ranges, 4, taken[4]);
  if (v4 === undefined) return undefined;
  const offset = offsetOf(ranges, { family: 4, value: v4 }) ?? 0n;
  const twin = atOffset(ranges, 6, offset);
  const v6 = twin !== undefined && !taken[6].has(twin) ? twin : firstFree(ranges, 6, taken[6]);
  if (v6 === undefined) return undefined;
  return [formatIp({ family: 4, value: v4 }), formatIp({ family: 6, value: v6 })];
}
