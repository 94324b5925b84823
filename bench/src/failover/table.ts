/** The chaos table as people read it. Pure. */
import { median, percentile } from '../harness/measure.js';
import { type Outcome } from './run.js';
import { type Scenario } from './scenarios.js';

/** All runs of one scenario. */
export interface Series {
  readonly scenario: Scenario;
  readonly outcomes: readonly Outcome[];
  /** Runs that did not get to their end; they are not in `outcomes`. */
  readonly unfinished: number;
}

const ms = (value: number): string => String(Math.round(value));

/** One run on one line. */
export const chaosLine = (outcome: Outcome): string =>
  [
    `pings lost ${outcome.lostPings}`,
    `datagrams lost ${outcome.lostDatagrams}`,
    `gap ${ms(outcome.pingGapMs)} ms`,
    `stall ${ms(outcome.tcpStallMs)} ms`,
    `new ${ms(outcome.newConnectionMs)} ms`,
    `broken ${outcome.broken}`,
    `new failed ${outcome.failedNew}`,
    `dual ${outcome.dualFrames}`,
    `without holder ${outcome.slotsWithoutHolder}`,
    `after ${outcome.strikeSeconds.toFixed(1)} s`,
    ...(outcome.otherAddress > 0 ? [`OTHER ADDRESS ${outcome.otherAddress}`] : []),
    ...outcome.errors,
  ].join(', ');

const columns = [
  'what breaks',
  'runs',
  'lost pings',
  'gap p50 / p99 ms',
  'TCP stall p50 / p99 ms',
  'new connection p50 / p99 ms',
  'broken',
  'new failed',
  'two holders',
  'without holder',
] as const;

const both = (samples: readonly number[]): string =>
  `${ms(median(samples))} / ${ms(percentile(samples, 99))}`;

function cells({ scenario, outcomes, unfinished }: Series): readonly string[] {
  if (outcomes.length === 0)
    return [scenario.title, `0 (${unfinished} unfinished)`, ...columns.slice(2).map(() => '–')];
  const of = (pick: (outcome: Outcome) => number): readonly number[] => outcomes.map(pick);
  const sum = (pick: (outcome: Outcome) => number): string => String(of(pick).reduce((a, b) => a + b, 0));
  return [
    scenario.title,
    unfinished === 0 ? String(outcomes.length) : `${outcomes.length} (${unfinished} unfinished)`,
    ms(median(of(({ lostPings }) => lostPings))),
    both(of(({ pingGapMs }) => pingGapMs)),
    both(of(({ tcpStallMs }) => tcpStallMs)),
    both(of(({ newConnectionMs }) => newConnectionMs)),
    sum(({ broken }) => broken),
    sum(({ failedNew }) => failedNew),
    sum(({ dualFrames }) => dualFrames),
    sum(({ slotsWithoutHolder }) => slotsWithoutHolder),
  ];
}

/** Markdown: lost pings are the median of the runs, the last four columns the sums. */
export function chaosTable(all: readonly Series[]): string {
  const line = (texts: readonly string[]): string => `| ${texts.join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...all.map((series) => line(cells(series)))].join(
    '\n',
  );
}
