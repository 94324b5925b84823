/**
 * Keys that wait for work: each at most once, none by two workers at a time, and again later, with growing pauses, after
 * a failure. A key that is added while it is worked on is worked on once more.
 */
import { type Clock } from '@sluice/core';
import { backoffMs, type BackoffLimits, type Random } from './backoff.js';

export interface WorkQueueOptions {
  readonly clock: Clock;
  /** One key; throws to be called again. */
  readonly work: (key: string) => Promise<void>;
  readonly onError?: (key: string, error: unknown, retryMs: number) => void;
  /** How many keys at a time; 1 unless told. */
  readonly workers?: number;
  readonly backoff?: BackoffLimits;
  readonly random?: Random;
}

export class WorkQueue {
  private readonly waiting = new Set<string>();
  private readonly running = new Map<string, Promise<void>>();
  private readonly again = new Set<string>();
  private readonly failures = new Map<string, number>();
  private readonly retries = new Map<string, () => void>();
  private readonly backoff: BackoffLimits;
  private stopped = false;

  constructor(private readonly options: WorkQueueOptions) {
    this.backoff = options.backoff ?? { firstMs: 50, mostMs: 60_000 };
  }

  /** Keys that wait or are worked on. */
  get size(): number {
    return this.waiting.size + this.running.size;
  }

  add(key: string): void {
    if (this.stopped) return;
    this.retries.get(key)?.();
    this.retries.delete(key);
    if (this.running.has(key)) this.again.add(key);
    else this.waiting.add(key);
    this.next();
  }

  /** Adds the key later. An earlier `add` makes it void. */
  addAfter(key: string, delayMs: number): void {
    if (this.stopped) return;
    this.retries.get(key)?.();
    const cancel = this.options.clock.after(delayMs, () => {
      this.retries.delete(key);
      this.add(key);
    });
    this.retries.set(key, cancel);
  }

  /** Waits for the keys that are worked on; nothing new begins. */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const cancel of this.retries.values()) cancel();
    this.retries.clear();
    this.waiting.clear();
    await Promise.all(this.running.values());
  }

  private next(): void {
    const { workers = 1 } = this.options;
    for (const key of this.waiting) {
      if (this.running.size >= workers || this.stopped) return;
      this.waiting.delete(key);
      this.running.set(key, this.run(key));
    }
  }

  private async run(key: string): Promise<void> {
    try {
      await this.options.work(key);
      this.failures.delete(key);
    } catch (error) {
      this.failed(key, error);
    }
    this.running.delete(key);
    if (this.again.delete(key)) this.add(key);
    this.next();
  }

  private failed(key: string, error: unknown): void {
    const failures = (this.failures.get(key) ?? 0) + 1;
    this.failures.set(key, failures);
    const retryMs = backoffMs(this.backoff, failures, this.options.random ?? Math.random);
    this.options.onError?.(key, error, retryMs);
    if (!this.again.has(key)) this.addAfter(key, retryMs);
  }
}
