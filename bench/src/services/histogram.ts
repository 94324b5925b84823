/** A Prometheus histogram between two looks at it, as histogram_quantile() reads one. Pure. */

/** Upper bound in the histogram's unit → how many observations were at most that; ascending. */
export type Buckets = ReadonlyMap<number, number>;

const boundOf = (text: string): number => (text === '+Inf' ? Number.POSITIVE_INFINITY : Number(text));

/** Of all label sets that have every one of `labels` (as in `ip_family="IPv4"`), together. Empty if there is none. */
export function bucketsIn(metrics: string, name: string, labels: readonly string[] = []): Buckets {
  const counts = new Map<number, number>();
  for (const line of metrics.split('\n')) {
    const [, set = '', value = ''] = /^(?:\w+)_bucket\{(.*)\} (\S+)$/.exec(line) ?? [];
    if (!line.startsWith(`${name}_bucket{`) || !labels.every((label) => set.includes(label))) continue;
    const bound = boundOf(/le="([^"]+)"/.exec(set)?.[1] ?? '');
    counts.set(bound, (counts.get(bound) ?? 0) + Number(value));
  }
  return new Map([...counts].sort(([one], [other]) => one - other));
}

/** What came after `before`. */
export const since = (before: Buckets, after: Buckets): Buckets =>
  new Map([...after].map(([bound, count]) => [bound, count - (before.get(bound) ?? 0)]));

export const observations = (buckets: Buckets): number => Math.max(0, ...buckets.values());

/** Linear within the bucket that has it; of the last one its lower bound. Throws RangeError without observations. */
export function quantile(buckets: Buckets, share: number): number {
  const total = observations(buckets);
  if (total === 0) throw new RangeError('the histogram has no observations');
  const rank = share * total;
  let lower = 0;
  let below = 0;
  for (const [bound, count] of buckets) {
    if (count >= rank) {
      if (!Number.isFinite(bound)) return lower;
      return lower + ((bound - lower) * (rank - below)) / (count - below);
    }
    lower = bound;
    below = count;
  }
  return lower;
}
