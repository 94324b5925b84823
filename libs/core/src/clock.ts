/** Time as a port, so that state machines are tested without waiting. */
export interface Clock {
  /** Milliseconds of a monotonic clock; only differences mean something. */
  monotonicMs(): number;
  /** Milliseconds since 1970 UTC, for what people read. */
  wallMs(): number;
  /** Calls once after `delayMs`; the result cancels. */
  after(delayMs: number, call: () => void): () => void;
}

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  after: (delayMs, call) => {
    const timer = setTimeout(call, delayMs);
    return () => clearTimeout(timer);
  },
};

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly call: () => void;
}

/** The fake of `Clock`: stands still until `advance` is called, then runs what is due in order. */
export class ManualClock implements Clock {
  private now = 0;
  private order = 0;
  private pending: Pending[] = [];

  constructor(private readonly epochMs = Date.UTC(2026, 0, 1)) {}

  monotonicMs(): number {
    return this.now;
  }

  wallMs(): number {
    return this.epochMs + this.now;
  }

  after(delayMs: number, call: () => void): () => void {
    const entry: Pending = { at: this.now + delayMs, order: this.order++, call };
    this.pending.push(entry);
    return () => {
      this.pending = this.pending.filter((other) => other !== entry);
    };
  }

  /** Moves time on by `ms` and runs every timer that falls due, including those set meanwhile. */
  advance(ms: number): void {
    const end = this.now + ms;
    for (let next = this.nextDue(end); next !== undefined; next = this.nextDue(end)) {
      const due = next;
      this.pending = this.pending.filter((other) => other !== due);
      this.now = due.at;
      due.call();
    }
    this.now = end;
  }

  private nextDue(end: number): Pending | undefined {
    return this.pending
      .filter((entry) => entry.at <= end)
      .sort((a, b) => a.at - b.at || a.order - b.order)[0];
  }
}
