/** Gives out ids, and remembers those in use so that none comes back within an hour of its release. */
import { freeId, type IdKind } from '@sluice/ipam';
import { type RestingId } from '../cluster-plan.js';

const restMs = 3_600_000;
/** Ends of rests are rounded up to it: ids then share them, and the record of 65,535 ids stays small. */
const roundMs = 600_000;
const kinds = ['node', 'pool', 'egress', 'service'] as const satisfies readonly IdKind[];

class Kind {
  readonly inUse = new Set<number>();
  /** In use or resting. */
  private readonly taken: Set<number>;
  /** None below it is free: ids are only ever taken here. */
  private next = 1;

  constructor(
    private readonly name: IdKind,
    /** Unix milliseconds until which ids rest. */
    readonly resting: ReadonlyMap<number, number>,
  ) {
    this.taken = new Set(resting.keys());
  }

  use(id: number): void {
    this.inUse.add(id);
    this.taken.add(id);
  }

  take(): number | undefined {
    const id = freeId(this.name, this.taken, this.next);
    if (id === undefined) return undefined;
    this.next = id + 1;
    this.use(id);
    return id;
  }
}

/**
 * An id in use is on record as resting until one to two hours (and ten minutes) from now, and renewed when an hour is
 * left: whenever its object goes, at least an hour of rest is on record.
 */
export class Ids {
  private readonly of: Readonly<Record<IdKind, Kind>>;

  constructor(
    resting: readonly RestingId[],
    private readonly nowMs: number,
  ) {
    const known = (kind: IdKind): Kind => {
      const own = resting.filter((id) => id.kind === kind && id.untilMs > nowMs);
      return new Kind(kind, new Map(own.map(({ id, untilMs }) => [id, untilMs])));
    };
    this.of = {
      node: known('node'),
      pool: known('pool'),
      egress: known('egress'),
      service: known('service'),
    };
  }

  use(kind: IdKind, id: number): void {
    this.of[kind].use(id);
  }

  /** Undefined: all are in use or rest. */
  take(kind: IdKind): number | undefined {
    return this.of[kind].take();
  }

  resting(): readonly RestingId[] {
    return kinds.flatMap((kind) =>
      [...this.untils(kind)].toSorted(([a], [b]) => a - b).map(([id, untilMs]) => ({ kind, id, untilMs })),
    );
  }

  /** When the next record must be renewed or ends. */
  nextChangeMs(): number | undefined {
    let first = Infinity;
    for (const kind of kinds) {
      const { inUse } = this.of[kind];
      for (const [id, untilMs] of this.untils(kind)) {
        first = Math.min(first, inUse.has(id) ? untilMs - restMs : untilMs);
      }
    }
    return first === Infinity ? undefined : first;
  }

  private untils(kind: IdKind): ReadonlyMap<number, number> {
    const { inUse, resting } = this.of[kind];
    const until = new Map(resting);
    const fresh = Math.ceil((this.nowMs + 2 * restMs) / roundMs) * roundMs;
    for (const id of inUse) if ((until.get(id) ?? 0) - this.nowMs < restMs) until.set(id, fresh);
    return until;
  }
}
