/** One line of a suite's results: what was measured, beside what, against which goal. Pure. */
import { median, rounded } from './measure.js';

export type Goal = { readonly atMost: number } | { readonly atLeast: number };

export interface Measurement {
  readonly id: string;
  /** 'ms', 's', 'MB' (10^6 bytes), '1/s' … */
  readonly unit: string;
  /** One for each run; at least one. */
  readonly samples: readonly number[];
  /** How many runs the samples are of, where it is not one each. */
  readonly runs?: number;
  /** Which number stands for all; the median unless told. */
  readonly of?: (samples: readonly number[]) => number;
  /** What else did the same work in the same suite. */
  readonly peer?: { readonly name: string; readonly samples: readonly number[] };
  readonly goal?: Goal;
}

export type Machine = Readonly<Record<string, string | number>>;

/** As in `bench/results`; null where there is no peer or no goal. */
export interface Row {
  readonly id: string;
  readonly value: number;
  /** Of the samples, where `value` is another number of them. */
  readonly median?: number;
  readonly unit: string;
  readonly runs: number;
  readonly min: number;
  readonly max: number;
  readonly peer: string | null;
  readonly peerValue: number | null;
  /** value ÷ peerValue. */
  readonly ratio: number | null;
  readonly goal: string | null;
  readonly met: boolean | null;
  /** ISO 8601, where it is not the time of the whole suite. */
  readonly at?: string;
  /** Where it is not that of the whole suite. */
  readonly machine?: Machine;
}

const isMet = (value: number, goal: Goal): boolean =>
  'atMost' in goal ? value <= goal.atMost : value >= goal.atLeast;

const goalText = (goal: Goal): string => ('atMost' in goal ? `<= ${goal.atMost}` : `>= ${goal.atLeast}`);

/** Throws RangeError without samples. */
export function toRow({
  id,
  unit,
  samples,
  runs = samples.length,
  of = median,
  peer,
  goal,
}: Measurement): Row {
  const value = of(samples);
  const peerValue = peer === undefined ? null : of(peer.samples);
  return {
    id,
    value: rounded(value),
    ...(of === median ? {} : { median: rounded(median(samples)) }),
    unit,
    runs,
    min: rounded(Math.min(...samples)),
    max: rounded(Math.max(...samples)),
    peer: peer?.name ?? null,
    peerValue: peerValue === null ? null : rounded(peerValue),
    ratio: peerValue === null ? null : rounded(value / peerValue),
    goal: goal === undefined ? null : goalText(goal),
    met: goal === undefined ? null : isMet(value, goal),
  };
}
