/**
 * A gateway that loses an address while its switch lives remembers connections that go on, and end, at another one. Had
 * it the address back, it would take answers that are another gateway's, and wait for their end when it hands over.
 */
import { type Clock, describeError, type Logger } from '@sluice/core';

export interface StaleConnectionsOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends what is remembered of the addresses that `isStill` says yes to. */
  readonly end: (isStill: (address: string) => boolean) => Promise<void>;
}

/** Longer than a former holder serves what it knows after its name is gone from the map. */
const settledMs = 10_000;

export class StaleConnections {
  /** Address → since when it is another gateway's. */
  private readonly since = new Map<string, number>();
  /** Of these nothing is remembered. */
  private readonly done = new Set<string>();
  private cancel: (() => void) | undefined;
  private stopped = false;

  constructor(private readonly options: StaleConnectionsOptions) {}

  /** Addresses that are another gateway's, after every change. */
  update(foreign: ReadonlySet<string>): void {
    for (const known of [this.since, this.done])
      for (const address of known.keys()) if (!foreign.has(address)) known.delete(address);
    const nowMs = this.options.clock.monotonicMs();
    for (const address of foreign)
      if (!this.done.has(address) && !this.since.has(address)) this.since.set(address, nowMs);
    this.arm();
  }

  stop(): void {
    this.stopped = true;
    this.cancel?.();
  }

  private arm(): void {
    if (this.stopped || this.since.size === 0 || this.cancel !== undefined) return;
    this.cancel = this.options.clock.after(settledMs, () => void this.look());
  }

  private async look(): Promise<void> {
    const { clock, logger, end } = this.options;
    const untilMs = clock.monotonicMs() - settledMs;
    const isDue = (address: string): boolean => (this.since.get(address) ?? Infinity) <= untilMs;
    const due = [...this.since.keys()].filter(isDue);
    try {
      if (due.length > 0) await end(isDue);
      for (const address of due.filter(isDue)) {
        this.since.delete(address);
        this.done.add(address);
      }
    } catch (error) {
      logger.debug({ error: describeError(error) }, 'connections of before were not ended');
    }
    this.cancel = undefined;
    this.arm();
  }
}
