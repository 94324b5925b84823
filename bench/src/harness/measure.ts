/** Numbers out of samples. Pure. */

/** Ascending. */
const sorted = (samples: readonly number[]): readonly number[] => [...samples].sort((a, b) => a - b);

/**
 * Nearest rank: the smallest sample that `percent` of all samples do not exceed; always one that was measured.
 * Throws RangeError without samples, or outside 0 < percent <= 100.
 */
export function percentile(samples: readonly number[], percent: number): number {
  if (!(percent > 0 && percent <= 100)) throw new RangeError(`${percent} is no percentage`);
  const value = sorted(samples)[Math.ceil((percent / 100) * samples.length) - 1];
  if (value === undefined) throw new RangeError('no samples');
  return value;
}

/** Of an even number of samples the mean of the middle two. Throws RangeError without samples. */
export function median(samples: readonly number[]): number {
  const below = percentile(samples, 50);
  if (samples.length % 2 === 1) return below;
  return (below + (sorted(samples)[samples.length / 2] ?? below)) / 2;
}

/** For people and for differences in git: four significant digits. */
export const rounded = (value: number): number => Number(value.toPrecision(4));

/** Seconds since some moment, the same in all processes of the machine (CLOCK_MONOTONIC). */
export const monotonicSeconds = (): number => Number(process.hrtime.bigint()) / 1e9;

export const unixSeconds = (): number => Date.now() / 1000;

/** How long `work` takes, in seconds. */
export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = monotonicSeconds();
  await work();
  return monotonicSeconds() - started;
}
