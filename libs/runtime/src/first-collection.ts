/**
 * The garbage of the start, collected once. A process that V8 lets fill its heap first (`--initial-old-space-size`) starts
 * faster with thousands of objects, and would keep what the start left behind for as long as little happens.
 */
import { type Clock } from '@sluice/core';

export interface FirstCollectionOptions {
  readonly clock: Pick<Clock, 'after'>;
  readonly isReady: () => boolean;
  /** `gc` of V8; undefined: the process was started without `--expose-gc`, and nothing is done. */
  readonly collect: (() => unknown) | undefined;
}

/** Of the first look, and between two: long enough for everything that a start sets off to be over. */
const lookMs = 10_000;

/** V8's own, beside what else the process does. */
export const collectBesideWork = (): (() => unknown) | undefined => {
  const { gc } = globalThis;
  return gc === undefined ? undefined : () => gc({ type: 'major', execution: 'async' });
};

export class FirstCollection {
  private cancel: (() => void) | undefined;

  constructor(private readonly options: FirstCollectionOptions) {}

  start(): void {
    const { clock, collect, isReady } = this.options;
    if (collect === undefined) return;
    this.cancel = clock.after(lookMs, () => {
      if (isReady()) collect();
      else this.start();
    });
  }

  stop(): void {
    this.cancel?.();
  }
}
