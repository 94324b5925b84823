/**
 * When new connections begin: at a rate that is given, whatever the servers do. A generator that waited for answers would
 * ask a slow server less often, and measure how fast it is when nobody asks ("coordinated omission"). Pure.
 */

/** A rate that goes evenly from one value to another. */
export interface Stage {
  readonly seconds: number;
  /** New connections per second. */
  readonly from: number;
  readonly to: number;
}

export const hold = (perSecond: number, seconds: number): Stage => ({
  seconds,
  from: perSecond,
  to: perSecond,
});

export const ramp = (from: number, to: number, seconds: number): Stage => ({ seconds, from, to });

export interface Scale {
  /** Times as many connections per second. */
  readonly rate: number;
  /** Times as long. */
  readonly time: number;
}

export const scaled = (stages: readonly Stage[], { rate, time }: Scale): readonly Stage[] =>
  stages.map(({ seconds, from, to }) => ({ seconds: seconds * time, from: from * rate, to: to * rate }));

export const totalSeconds = (stages: readonly Stage[]): number =>
  stages.reduce((sum, { seconds }) => sum + seconds, 0);

/** So long into a stage. */
const rateIn = ({ seconds, from, to }: Stage, elapsed: number): number =>
  seconds === 0 ? to : from + ((to - from) * elapsed) / seconds;

/** New connections per second at a time; after the end that of the end. */
export function rateAt(stages: readonly Stage[], elapsedSeconds: number): number {
  let left = elapsedSeconds;
  for (const stage of stages) {
    if (left < stage.seconds) return rateIn(stage, left);
    left -= stage.seconds;
  }
  return stages.at(-1)?.to ?? 0;
}

/** A sum of areas that should be 600 may come out a little below it. */
const rounding = 1e-6;

/** How many connections were to have begun by then. */
export function arrivalsDue(stages: readonly Stage[], elapsedSeconds: number): number {
  let left = Math.max(0, elapsedSeconds);
  let due = 0;
  for (const stage of stages) {
    const within = Math.min(left, stage.seconds);
    due += ((stage.from + rateIn(stage, within)) / 2) * within;
    left -= within;
  }
  return Math.floor(due + rounding);
}
