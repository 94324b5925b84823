/**
 * Weights of buckets for shares of connections. Open vSwitch gives each bucket a 16-bit hash times its weight, and the greatest
 * one wins (ofproto-dpif-xlate.c, group_best_live_bucket): with two buckets of weights 2 and 1 the second one wins a quarter and
 * not a third. Here is the inverse, exactly.
 *
 * With U uniform in [0, 1], bucket i wins if w_i·U_i is the greatest. Sort by weight; let N_m and W_m be the number and the
 * product of weights of the buckets from class m on. Between the weights of classes m-1 and m only those buckets can be the
 * greatest, all with the same density, so that the shares p of two neighbouring classes differ by
 *
 *   p_m - p_(m-1) = (w_m^N_m - w_(m-1)^N_m) / (N_m·W_m)
 *
 * which gives, from the greatest weight down, each one from the one above it.
 */

/** Of Open vSwitch's buckets: 16 bits. */
const mostWeight = 0xffff;
/** Of buckets that are all alike. */
export const plainWeight = 100;

/** Of each share the weight; all plain if all are alike. Shares are positive, of any scale. */
export function bucketWeights(shares: readonly number[]): readonly number[] {
  const distinct = [...new Set(shares)].toSorted((a, b) => b - a);
  if (distinct.length <= 1) return shares.map(() => plainWeight);
  const total = shares.reduce((sum, share) => sum + share, 0);
  const counts = new Map<number, number>();
  for (const share of shares) counts.set(share, (counts.get(share) ?? 0) + 1);
  const weights = new Map<number, number>();
  /** Natural logarithm of the weight of the class before, and its N and log W. */
  let [log, count, logProduct] = [0, 0, 0];
  for (const [at, share] of distinct.entries()) {
    weights.set(share, Math.max(1, Math.round(mostWeight * Math.exp(log))));
    const own = counts.get(share) ?? 0;
    count += own;
    logProduct += own * log;
    const step = (share - (distinct[at + 1] ?? 0)) / total;
    // (w_(m-1) / w_m)^N = 1 - N·W·step / w_m^N
    const rest = 1 - count * step * Math.exp(logProduct - count * log);
    log += Math.log(Math.max(rest, Number.MIN_VALUE)) / count;
  }
  return shares.map((share) => weights.get(share) ?? plainWeight);
}
