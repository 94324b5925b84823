/**
 * A reading of objects that do not change: each is looked at once. Controllers and gateways look at tens of thousands of
 * Services with every change of one.
 */
export function remembered<T extends object, R>(read: (object: T) => R): (object: T) => R {
  const known = new WeakMap<T, { readonly reading: R }>();
  return (object) => {
    const before = known.get(object);
    if (before !== undefined) return before.reading;
    const reading = read(object);
    known.set(object, { reading });
    return reading;
  };
}
