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

export function keyedChange<T>(
  before: Iterable<T>,
  after: Iterable<T>,
  { key, body }: Keys<T>,
): KeyedChange<T> {
  const old = new Map<string, T>();
  for (const item of before) old.set(key(item), item);
  if (old.size === 0) return { add: [...after], modify: [], remove: [] };
  const add: T[] = [];
  const modify: T[] = [];
  for (const item of after) {
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
