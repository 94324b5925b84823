/** Scopes of objects of which there are tens of thousands, most of them the identical ones as at the last compilation. */
import { sameData } from './equal.js';

/** Key and scope of each unit. */
export type Keyed<S> = readonly (readonly [key: string, scope: S])[];

/** Remembers what was made of an object, as long as what else it depends on is equal. For one compiler. */
export class ScopeMemo<T extends object, Context, S> {
  private context: Context | undefined;
  private known = new WeakMap<T, Keyed<S>>();
  private last: { readonly sources: readonly T[]; readonly scopes: Keyed<S> } | undefined;

  /** `make` depends on its arguments alone. */
  constructor(private readonly make: (source: T, context: Context) => Keyed<S>) {}

  /** The identical list if both are as they were. */
  of(sources: readonly T[], context: Context): Keyed<S> {
    if (!sameData(context, this.context)) {
      this.context = context;
      this.known = new WeakMap();
      this.last = undefined;
    }
    if (this.last?.sources === sources) return this.last.scopes;
    const scopes: Keyed<S>[number][] = [];
    for (const source of sources) for (const scope of this.one(source, context)) scopes.push(scope);
    this.last = { sources, scopes };
    return scopes;
  }

  private one(source: T, context: Context): Keyed<S> {
    const known = this.known.get(source);
    if (known !== undefined) return known;
    const made = this.make(source, context);
    this.known.set(source, made);
    return made;
  }
}
