/** Which share of the nodes this gateway hears, and whether a silence may be its own: of a switch that stood still. */
import { type SlotTimes } from '../constants.js';

/** A gateway that hears fewer nodes is cut off from the underlay, or they are. */
export const reachedShare = 0.5;

export class Hearing {
  private last = 1;
  /** Since when at least half of the nodes have been heard. */
  private connectedSince: number | undefined = Number.NEGATIVE_INFINITY;
  private fewSince: number | undefined;
  private stalledAt = Number.NEGATIVE_INFINITY;
  /** Silence began about when this gateway stood still. */
  private isOwn = false;

  constructor(private readonly times: Pick<SlotTimes, 'bfdMs' | 'afterStallMs'>) {}

  get share(): number {
    return this.last;
  }

  heard(share: number, now: number): void {
    this.last = share;
    if (share >= reachedShare) {
      this.connectedSince ??= now;
      this.fewSince = undefined;
      return;
    }
    this.connectedSince = undefined;
    if (this.fewSince !== undefined) return;
    this.fewSince = now;
    this.isOwn = this.isNear(this.stalledAt, now);
  }

  /** A stall may be noticed before the silence that it brings, or after it. */
  stalled(now: number): void {
    this.stalledAt = now;
    if (this.fewSince !== undefined && this.isNear(this.fewSince, now)) this.isOwn = true;
  }

  stalledWithin(ms: number, now: number): boolean {
    return now - this.stalledAt < ms;
  }

  /** Fewer than half of the nodes are heard; after a stall of its own, when sessions have had the time to come back. */
  isCutOff(now: number): boolean {
    if (this.fewSince === undefined) return false;
    return !this.isOwn || now - this.fewSince >= this.times.afterStallMs;
  }

  /** Milliseconds for which at least half of the nodes have been heard; whoever is cut off learns nothing from a store's silence. */
  connectedFor(now: number): number {
    return this.connectedSince === undefined ? 0 : now - this.connectedSince;
  }

  private isNear(before: number, now: number): boolean {
    return now - before <= 2 * this.times.bfdMs;
  }
}
