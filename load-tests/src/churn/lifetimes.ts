/** Which backends serve and since when, as lines of `kubectl get pods --watch` tell it. */
import { type Lifetime } from '../affinity.js';

/** Name, time of deletion or nothing, and whether it is ready. No tabs: kubectl makes columns of them while it watches. */
const fields =
  '{.metadata.name}{"/"}{.metadata.deletionTimestamp}{"/"}{.status.conditions[?(@.type=="Ready")].status}{"\\n"}';
/** For kubectl's -o: a list prints as a whole, a watch object by object. */
export const templates = {
  list: `jsonpath={range .items[*]}${fields}{end}`,
  watch: `jsonpath=${fields}`,
} as const;

export class Lifetimes {
  private readonly known = new Map<string, Lifetime>();
  private begun = false;

  /** Who serves already is no newcomer. */
  begin(): void {
    this.begun = true;
  }

  get lives(): ReadonlyMap<string, Lifetime> {
    return this.known;
  }

  serving(): readonly string[] {
    return [...this.known].filter(([, { untilMs }]) => untilMs === undefined).map(([name]) => name);
  }

  /** `nowMs` by `performance.now()`. */
  read(line: string, nowMs: number): void {
    const [name = '', deleted = '', ready = ''] = line.split('/');
    if (name === '') return;
    const before = this.known.get(name);
    const served = before !== undefined && before.untilMs === undefined;
    const serves = deleted === '' && ready === 'True';
    if (serves && !served) this.known.set(name, { sinceMs: this.begun ? nowMs : -Infinity });
    if (!serves && served) this.known.set(name, { ...before, untilMs: nowMs });
  }
}
