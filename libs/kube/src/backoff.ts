/** Waiting before the next try: doubled each time up to a limit, with jitter so that many clients spread. */
import { type Clock } from '@sluice/core';

export interface BackoffLimits {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** A number in [0, 1). */
export type Random = () => number;

/** The wait after `failures` failures in a row (1 or more), in milliseconds: between half and the whole of the doubled time. */
export function backoffMs({ firstMs, mostMs }: BackoffLimits, failures: number, random: Random): number {
  const whole = Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return whole * (0.5 + random() / 2);
}

/** Resolves after `ms` or as soon as `signal` aborts. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal.addEventListener('abort', done);
  });
}
