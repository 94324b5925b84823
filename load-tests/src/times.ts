/** How long things took, kept as counts: a soak has hundreds of thousands of visits. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** Milliseconds. */
export interface TimesSummary {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** An hour, in the histogram's microseconds: longer than any patience. */
const highest = 3_600_000_000;

const inMs = (us: number): number => Math.round(us / 10) / 100;

export class Times {
  private readonly histogram: RecordableHistogram = createHistogram({ highest, figures: 3 });

  record(ms: number): void {
    this.histogram.record(Math.min(highest, Math.max(1, Math.round(ms * 1000))));
  }

  get count(): number {
    return this.histogram.count;
  }

  /** Undefined when nothing was recorded. */
  p99(): number | undefined {
    return this.count === 0 ? undefined : inMs(this.histogram.percentile(99));
  }

  summary(): TimesSummary | undefined {
    if (this.count === 0) return undefined;
    const at = (percent: number): number => inMs(this.histogram.percentile(percent));
    return { p50: at(50), p95: at(95), p99: at(99), max: inMs(this.histogram.max) };
  }

  reset(): void {
    this.histogram.reset();
  }
}
