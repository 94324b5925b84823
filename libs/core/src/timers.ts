/** Timers that end together. */
import { type Clock } from './clock.js';

export class Timers {
  private readonly cancels = new Set<() => void>();

  constructor(private readonly clock: Clock) {}

  after(delayMs: number, work: () => void): void {
    const cancel = this.clock.after(delayMs, () => {
      this.cancels.delete(cancel);
      work();
    });
    this.cancels.add(cancel);
  }

  /** None of those that are set now runs any more. */
  cancel(): void {
    for (const cancel of this.cancels) cancel();
    this.cancels.clear();
  }
}
