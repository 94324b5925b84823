/** Gives out ids, and remembers those in use so that none comes back within an hour of its release. */
import { freeId, type IdKind } from '@sluice/ipam';
import { type RestingId } from '../cluster-plan.js';

const restMs = 3_600_000;

/**
 * An id in use is on record as resting until one to two hours from now, and renewed when an hour is left: whenever its
 * object goes, at least an hour of rest is on record.
 */
export class Ids {
  private readonly known: Record<IdKind, Map<number, number>>;
  private readonly inUse: Record<IdKind, Set<number>> = {
    node: new Set(),
    pool: new Set(),
    egress: new Set(),
  };

  constructor(
    resting: readonly RestingId[],
    private readonly nowMs: number,
  ) {
    const of = (kind: IdKind) =>
      new Map(
        resting
          .filter((id) => id.kind === kind && id.untilMs > nowMs)
          .map(({ id, untilMs }) => [id, untilMs]),
      );
    this.known = { node: of('node'), pool: of('pool'), egress: of('egress') };
  }

  use(kind: IdKind, id: number): void {
    this.inUse[kind].add(id);
  }

  /** Undefined: all are in use or rest. */
  take(kind: IdKind): number | undefined {
    const id = freeId(kind, new Set([...this.inUse[kind], ...this.known[kind].keys()]));
    if (id !== undefined) this.use(kind, id);
    return id;
  }

  resting(): readonly RestingId[] {
    const kinds = ['node', 'pool', 'egress'] as const;
    return kinds.flatMap((kind) => {
      const until = new Map(this.known[kind]);
      for (const id of this.inUse[kind]) {
        if ((until.get(id) ?? 0) - this.nowMs < restMs) until.set(id, this.nowMs + 2 * restMs);
      }
      return [...until].toSorted(([a], [b]) => a - b).map(([id, untilMs]) => ({ kind, id, untilMs }));
    });
  }

  /** When the next record must be renewed or ends. */
  nextChangeMs(): number | undefined {
    const times = this.resting().map(({ kind, id, untilMs }) =>
      this.inUse[kind].has(id) ? untilMs - restMs : untilMs,
    );
    return times.length === 0 ? undefined : Math.min(...times);
  }
}
