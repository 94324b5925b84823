/**
 * Level-triggered: events only say that something may have changed; one pass at a time looks at everything. A mark
 * during a pass gives one more pass after it. At once when idle; while marks do not end, with rests (pace.ts); after a
 * failure with back-off, or at the next mark.
 */
import { type Clock } from './clock.js';
import { Pace } from './pace.js';

export interface RunnerOptions {
  readonly clock: Clock;
  /** One pass. Throws to be called again. */
  readonly pass: () => Promise<void>;
  readonly onError: (error: unknown, retryMs: number) => void;
}

const firstRetryMs = 100;
const mostRetryMs = 10_000;

export class Runner {
  private dirty = false;
  private running: Promise<void> | undefined;
  private cancelRetry: (() => void) | undefined;
  private failures = 0;
  private stopped = false;
  private urgent = false;
  private endRest: (() => void) | undefined;
  private readonly pace: Pace;

  constructor(private readonly options: RunnerOptions) {
    this.pace = new Pace(options.clock);
  }

  /** The next pass does not wait for its rest. */
  markUrgent(): void {
    this.urgent = true;
    this.endRest?.();
    this.mark();
  }

  mark(): void {
    this.dirty = true;
    if (this.running !== undefined || this.stopped) return;
    this.cancelRetry?.();
    this.cancelRetry = undefined;
    this.running = this.run();
  }

  /** Waits for the pass that runs; no further one begins. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.cancelRetry?.();
    this.endRest?.();
    await this.running;
  }

  private async run(): Promise<void> {
    // Marks of one turn of the event loop, such as a list of many objects, become one pass.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.isDue()) {
      await this.rest();
      if (!this.isDue()) break;
      this.dirty = false;
      this.urgent = false;
      const began = this.options.clock.monotonicMs();
      try {
        await this.options.pass();
        this.failures = 0;
      } catch (error) {
        this.retryLater(error);
        break;
      } finally {
        this.pace.spend(this.options.clock.monotonicMs() - began);
      }
    }
    this.running = undefined;
  }

  private isDue(): boolean {
    return this.dirty && !this.stopped;
  }

  private async rest(): Promise<void> {
    const { restMs } = this.pace;
    if (restMs === 0 || this.urgent) return;
    await new Promise<void>((resolve) => {
      const cancel = this.options.clock.after(restMs, resolve);
      this.endRest = () => {
        cancel();
        resolve();
      };
    });
    this.endRest = undefined;
  }

  private retryLater(error: unknown): void {
    this.dirty = true;
    const retryMs = Math.min(mostRetryMs, firstRetryMs * 2 ** this.failures++);
    this.options.onError(error, retryMs);
    this.cancelRetry = this.options.clock.after(retryMs, () => {
      this.cancelRetry = undefined;
      this.mark();
    });
  }
}
