/**
 * How much of the time passes may take. What has been saved while nothing happened is spent at once, so a change that
 * comes alone never waits; while changes come without an end, each pass covers more of them, and the CPU is left to Open
 * vSwitch, to the API server and to others for the rest of the time.
 */
import { type Clock } from './clock.js';

/** Of the time, when changes do not end. */
const share = 1 / 3;
/** Passes of so many milliseconds follow each other without a rest, after quiet. */
const mostSavedMs = 300;
/** No rest is longer, however long the pass was: the first one of a large cluster takes seconds. */
const longestRestMs = 250;

export class Pace {
  /** Milliseconds of passes; below zero: to be waited for. */
  private saved = mostSavedMs;
  private at: number;

  constructor(private readonly clock: Pick<Clock, 'monotonicMs'>) {
    this.at = clock.monotonicMs();
  }

  /** How long to wait before the next pass; whole milliseconds. */
  get restMs(): number {
    this.earn();
    return Math.max(0, Math.floor(-this.saved / share));
  }

  /** A pass took so long, and has just ended. */
  spend(ms: number): void {
    this.earn();
    this.saved = Math.max(this.saved - ms, -longestRestMs * share);
  }

  private earn(): void {
    const now = this.clock.monotonicMs();
    this.saved = Math.min(mostSavedMs, this.saved + (now - this.at) * share);
    this.at = now;
  }
}
