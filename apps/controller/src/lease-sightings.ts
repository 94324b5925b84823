/**
 * When Leases were renewed, by this process's own clock. The time in a Lease is that of another machine's clock, which may be
 * hours away, or be set while it runs: what counts is when this process saw it change (as in client-go's leader election).
 */
import { type Clock } from '@sluice/core';
import { type Lease } from '@sluice/kube';

interface Sighting {
  readonly renewTime: string;
  /** By the monotonic clock. */
  readonly atMs: number;
}

export class LeaseSightings {
  private sightings: ReadonlyMap<string, Sighting> = new Map();

  constructor(private readonly clock: Clock) {}

  /** Nobody looks from now on: what changes meanwhile may have changed long before it is seen. */
  forget(): void {
    this.sightings = new Map();
  }

  /** It has just been renewed. Milliseconds since the last time; undefined: that is not known. */
  renewed({ metadata: { name }, spec }: Lease): number | undefined {
    const { renewTime = '' } = spec ?? {};
    const atMs = this.clock.monotonicMs();
    const before = this.sightings.get(name);
    this.sightings = new Map(this.sightings).set(name, { renewTime, atMs });
    return before === undefined ? undefined : atMs - before.atMs;
  }

  /**
   * The Leases with the time by this process's clock in the place of the holder's. One that was never seen before is as old
   * as it says, for want of anything better; one of the future is new.
   */
  seen(leases: readonly Lease[]): readonly Lease[] {
    const now = this.clock.monotonicMs();
    const wall = this.clock.wallMs();
    const next = new Map<string, Sighting>();
    const seen = leases.map((lease) => {
      const { renewTime } = lease.spec ?? {};
      const toldMs = Date.parse(renewTime ?? '');
      if (renewTime === undefined || Number.isNaN(toldMs)) return lease;
      const before = this.sightings.get(lease.metadata.name);
      const changedAt = before === undefined ? now - Math.max(0, wall - toldMs) : now;
      const sighting = before?.renewTime === renewTime ? before : { renewTime, atMs: changedAt };
      next.set(lease.metadata.name, sighting);
      const seenAt = new Date(wall - (now - sighting.atMs)).toISOString();
      return { ...lease, spec: { ...lease.spec, renewTime: seenAt } };
    });
    this.sightings = next;
    return seen;
  }
}
