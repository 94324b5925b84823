/** What a gateway remembers of the others from one look to the next: since when a lease has been gone, what BFD said. */
import { type SlotTimes } from '../constants.js';
import { type GatewayName, type ObservedLease } from '../store.js';
import { reachedShare } from './hearing.js';

interface Sight {
  /** Since when the lease has been absent, on this gateway's own clock; undefined: it is there. */
  goneSince: number | undefined;
  /** The same, through renewals that ask for no lease: of a gateway that is not fit, and says so. */
  awaySince: number | undefined;
  /** It has renewed meanwhile: it is not late, it cannot do its work. */
  unfit: boolean;
  /** Its absence is believed for a fast takeover: see `isSilent`. */
  silent: boolean;
  /** Since when it has been there, but for moments; undefined: it has not been seen yet. */
  thereSince: number | undefined;
  /** The last one that was seen. */
  incarnation: string | undefined;
  renewals: number;
  heard: number;
  lastLook: number;
}

/** One answer of the store, on this gateway's own clock. */
interface Look {
  readonly now: number;
  readonly prompt: boolean;
}

/** A gateway whose lease is there again. */
export interface Return {
  readonly name: GatewayName;
  readonly awaySince: number;
}

/** `unknown`: not heard since this process began; it counts as up. */
export type Bfd = 'up' | 'down' | 'unknown';

/** A process that renews late is no gateway that comes back; one whose Open vSwitch was restarted is, however fast that was. */
const momentMs = 1000;

export class Observer {
  private readonly sights = new Map<GatewayName, Sight>();
  private readonly bfd = new Map<GatewayName, Bfd>();

  constructor(private readonly times: Pick<SlotTimes, 'leaseMs'>) {}

  heardBfd(peers: ReadonlyMap<GatewayName, boolean>): void {
    for (const [name, up] of peers) {
      const before = this.bfd.get(name) ?? 'unknown';
      this.bfd.set(name, up ? 'up' : before === 'unknown' ? 'unknown' : 'down');
    }
    // A session that was taken away says nothing any more.
    for (const name of this.bfd.keys()) if (!peers.has(name)) this.bfd.delete(name);
  }

  bfdOf(name: GatewayName): Bfd {
    return this.bfd.get(name) ?? 'unknown';
  }

  /** `prompt`: the store answered without standing still in between. Gives those that are back. */
  looked(leases: ReadonlyMap<GatewayName, ObservedLease>, { now, prompt }: Look): readonly Return[] {
    const returns: Return[] = [];
    for (const [name, { incarnation, renewals, heard }] of leases) {
      const before = this.sights.get(name);
      const present = incarnation !== undefined;
      // Two absences with a renewal or a long time between them are not one.
      const unmoved = renewals === before?.renewals;
      const continuous = unmoved && now - before.lastLook <= this.times.leaseMs;
      const isSame = present && incarnation === before?.incarnation;
      if (present && before?.awaySince !== undefined) returns.push({ name, awaySince: before.awaySince });
      const wasAway = before?.awaySince !== undefined;
      const wasLate = isSame && !before.unfit && now - (before.awaySince ?? now) <= momentMs;
      this.sights.set(name, {
        goneSince: present ? undefined : continuous ? (before.goneSince ?? now) : now,
        silent: !present && unmoved && (prompt || before.goneSince !== undefined),
        awaySince: present ? undefined : (before?.awaySince ?? now),
        unfit: !present && wasAway && (before.unfit || !unmoved),
        thereSince: !present || wasLate ? before?.thereSince : now,
        incarnation: incarnation ?? before?.incarnation,
        renewals,
        heard,
        lastLook: now,
      });
    }
    return returns;
  }

  /** The store did not answer, or may have lost leases: absences begin again. */
  blind(): void {
    for (const sight of this.sights.values()) sight.lastLook = Number.NEGATIVE_INFINITY;
  }

  isThere(name: GatewayName): boolean {
    const sight = this.sights.get(name);
    return sight !== undefined && sight.goneSince === undefined;
  }

  /**
   * It has no lease, and nothing speaks for a renewal that is only late: it has not renewed since the look before, and the
   * store was prompt, or said so twice. A store that stood still has let leases end, and may answer us before it hears the
   * others.
   */
  isSilent(name: GatewayName): boolean {
    return this.sights.get(name)?.silent === true;
  }

  /** It is there, and workers reach it. */
  isReached(name: GatewayName): boolean {
    return this.isThere(name) && (this.sights.get(name)?.heard ?? 0) >= reachedShare;
  }

  /** Some gateway is reached. */
  get someIsReached(): boolean {
    return [...this.sights.keys()].some((name) => this.isReached(name));
  }

  /** Milliseconds; 0 while it is there or was never looked for. */
  goneFor(name: GatewayName, now: number): number {
    const since = this.sights.get(name)?.goneSince;
    return since === undefined ? 0 : now - since;
  }

  /** Milliseconds; 0 while it is not there. */
  thereFor(name: GatewayName, now: number): number {
    const since = this.isThere(name) ? this.sights.get(name)?.thereSince : undefined;
    return since === undefined ? 0 : now - since;
  }
}
