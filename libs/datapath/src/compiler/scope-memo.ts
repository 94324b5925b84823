/** Scopes of objects of which there are tens of thousands, most of them the identical ones as at the last compilation. */
import { listChange } from '@sluice/model';
import { sameData } from './equal.js';

/** Key and scope of each unit. */
export type Keyed<S> = readonly (readonly [key: string, scope: S])[];

/** What a memo made at one time. */
export interface Scopes<S> {
  /** Equal: nothing differs. */
  readonly version: number;
  readonly all: () => Keyed<S>;
  /** Since an earlier version. Undefined: anything may differ. */
  readonly change?: { readonly from: number; readonly removed: Keyed<S>; readonly added: Keyed<S> };
}

/** Remembers what was made of an object, as long as what else it depends on is equal. For one compiler. */
export class ScopeMemo<T extends object, Context, S> {
  private context: Context | undefined;
  private known = new WeakMap<T, Keyed<S>>();
  private sources: readonly T[] = [];
  private last: Scopes<S> = { version: 0, all: () => [] };

  /** `make` depends on its arguments alone. */
  constructor(private readonly make: (source: T, context: Context) => Keyed<S>) {}

  /** No object may be in the list twice. */
  of(sources: readonly T[], context: Context): Scopes<S> {
    const isSame = sameData(context, this.context);
    if (isSame && sources === this.sources) return this.last;
    if (!isSame) this.known = new WeakMap();
    const from = this.last.version;
    const change = isSame ? { change: { from, ...this.changeTo(sources, context) } } : {};
    this.last = { version: from + 1, all: () => this.scopesOf(sources, context), ...change };
    this.context = context;
    this.sources = sources;
    return this.last;
  }

  private changeTo(sources: readonly T[], context: Context) {
    const { removed, added } = listChange(this.sources, sources);
    return { removed: this.scopesOf(removed, context), added: this.scopesOf(added, context) };
  }

  private scopesOf(sources: Iterable<T>, context: Context): Keyed<S> {
    return [...sources].flatMap((source) => this.one(source, context));
  }

  private one(source: T, context: Context): Keyed<S> {
    const known = this.known.get(source);
    if (known !== undefined) return known;
    const made = this.make(source, context);
    this.known.set(source, made);
    return made;
  }
}
