/** Pearson's test of whether counts come from an even spread. Pure. */
import jStat from 'jstat';

export interface ChiSquare {
  readonly statistic: number;
  /** How often an even spread looks as uneven as this, or more. */
  readonly p: number;
}

/** Below it the distribution of the statistic is not that of chi-square (Cochran's rule). */
const leastExpected = 5;

/** Undefined: too few counted to say anything, or fewer than two places to spread over. */
export function chiSquare(counts: readonly number[]): ChiSquare | undefined {
  const sum = counts.reduce((total, count) => total + count, 0);
  const expected = sum / counts.length;
  if (counts.length < 2 || expected < leastExpected) return undefined;
  const statistic = counts.reduce((total, count) => total + (count - expected) ** 2 / expected, 0);
  return { statistic, p: 1 - jStat.chisquare.cdf(statistic, counts.length - 1) };
}
