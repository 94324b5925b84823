/** Difference of two lists of keyed things. Equal key and equal body: nothing to do. */
export interface Keys<T> {
  readonly key: (item: T) => string;
  readonly body: (item: T) => string;
}

export interface KeyedChange<T> {
  readonly add: readonly T[];
  /** New form of things that exist under the same key. */
  readonly modify: readonly T[];
  readonly remove: readonly T[];
}

/** Things that are in both lists by identity are not looked at. */
export function keyedChange<T>(
  before: readonly T[],
  after: readonly T[],
  { key, body }: Keys<T>,
): KeyedChange<T> {
  // At a start on a bare bridge: no keys for a quarter of a million flows that meet none.
  if (before.length === 0) return { add: after, modify: [], remove: [] };
  const kept = new Set(after);
  const shared = new Set(before.filter((item) => kept.has(item)));
  const old = new Map(before.filter((item) => !shared.has(item)).map((item) => [key(item), item]));
  const add: T[] = [];
  const modify: T[] = [];
  for (const item of after) {
    if (shared.has(item)) continue;
    const name = key(item);
    const existing = old.get(name);
    if (existing === undefined) add.push(item);
    else if (body(existing) !== body(item)) modify.push(item);
    old.delete(name);
  }
  return { add, modify, remove: [...old.values()] };
}

/** Where there is no modify: the old thing goes, the new one comes. */
export function replaced<T>(before: readonly T[], after: readonly T[], text: (item: T) => string) {
  const { add, remove } = keyedChange(before, after, { key: text, body: () => '' });
  return { add, remove };
}
