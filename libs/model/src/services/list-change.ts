/** What came and what went between two lists of objects, by identity. */

export interface ListChange<T> {
  readonly removed: ReadonlySet<T>;
  readonly added: ReadonlySet<T>;
}

/**
 * No object may be in a list twice. Costs a comparison of references for what is in place (a replaced object of a cache is
 * where the old one was), a set for the rest.
 */
export function listChange<T>(before: readonly T[], after: readonly T[]): ListChange<T> {
  const removed = new Set<T>();
  const added = new Set<T>();
  if (before === after) return { removed, added };
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  let [oldEnd, newEnd] = [before.length, after.length];
  while (Math.min(oldEnd, newEnd) > start && before[oldEnd - 1] === after[newEnd - 1]) {
    oldEnd--;
    newEnd--;
  }
  for (let at = start; at < Math.max(oldEnd, newEnd); at++) {
    const [old, now] = [before[at] as T, after[at] as T];
    if (at < oldEnd && at < newEnd && old === now) continue;
    if (at < oldEnd) removed.add(old);
    if (at < newEnd) added.add(now);
  }
  // In both: it only moved.
  for (const object of added) if (removed.delete(object)) added.delete(object);
  return { removed, added };
}
