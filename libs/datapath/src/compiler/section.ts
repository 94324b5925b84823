/** The units of one kind. A section knows what came and went since the one it was made from: nobody compares them again. */
import { sameData } from './equal.js';
import { type Keyed } from './scope-memo.js';
import { Unit, type UnitState } from './unit.js';

export interface UnitChange {
  readonly gone: readonly Unit[];
  readonly come: readonly Unit[];
}

/** Numbers, not references: a section must not keep all that were before it. */
let lastVersion = 0;

export class Section {
  private readonly version = ++lastVersion;

  private constructor(
    /** In the order in which they came. */
    private readonly units: ReadonlyMap<string, Unit>,
    private readonly step?: UnitChange & { readonly from: number },
  ) {}

  static readonly empty = new Section(new Map());

  get size(): number {
    return this.units.size;
  }

  get(key: string): Unit | undefined {
    return this.units.get(key);
  }

  values(): Iterable<Unit> {
    return this.units.values();
  }

  /** The next version, of all scopes; this one itself if nothing changed. The first of equal keys counts. */
  advance<S>(scopes: Keyed<S>, make: (scope: S) => UnitState): Section {
    const after = new Map<string, Unit>();
    const come: Unit[] = [];
    for (const [key, scope] of scopes) {
      if (after.has(key)) continue;
      const unit = this.unitFor(key, scope, make);
      if (unit !== this.units.get(key)) come.push(unit);
      after.set(key, unit);
    }
    const gone = [...this.units.values()].filter((unit) => after.get(unit.key) !== unit);
    return this.next(after, { gone, come });
  }

  /** The same by what changed alone, where every scope has a key of its own. */
  change<S>(removed: Keyed<S>, added: Keyed<S>, make: (scope: S) => UnitState): Section {
    const come = new Map(added.map(([key, scope]) => [key, this.unitFor(key, scope, make)]));
    const keys = new Set([...removed, ...added].map(([key]) => key));
    const gone = [...keys].flatMap((key) => {
      const old = this.units.get(key);
      return old === undefined || come.get(key) === old ? [] : [old];
    });
    const fresh = [...come.values()].filter((unit) => this.units.get(unit.key) !== unit);
    if (gone.length + fresh.length === 0) return this;
    const after = new Map(this.units);
    for (const { key } of gone) after.delete(key);
    for (const unit of fresh) after.set(unit.key, unit);
    return this.next(after, { gone, come: fresh });
  }

  /** From another version, or from nothing. */
  since(before: Section = Section.empty): UnitChange {
    if (before === this) return { gone: [], come: [] };
    if (this.step?.from === before.version) return this.step;
    return {
      gone: [...before.units.values()].filter((unit) => this.units.get(unit.key) !== unit),
      come: [...this.units.values()].filter((unit) => before.units.get(unit.key) !== unit),
    };
  }

  /** The one that is there, if its scope is equal. */
  private unitFor<S>(key: string, scope: S, make: (scope: S) => UnitState): Unit {
    const old = this.units.get(key);
    return old !== undefined && sameData(old.scope, scope) ? old : new Unit(key, scope, () => make(scope));
  }

  private next(units: ReadonlyMap<string, Unit>, change: UnitChange): Section {
    if (change.gone.length + change.come.length === 0) return this;
    return new Section(units, { ...change, from: this.version });
  }
}
