/** The chaos table as people read it. Pure. */
import { type Row } from '../harness/row.js';
import { type Outcome } from './run.js';
import { type Scenario } from './scenarios.js';

const ms = (value: number | undefined): string => (value === undefined ? '–' : String(Math.round(value)));

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
  'gap median / worst ms',
  'TCP stall median / worst ms',
  'new connection median / worst ms',
  'broken',
  'new failed',
  'two holders',
  'without holder',
  'measured',
] as const;

type Titled = Pick<Scenario, 'id' | 'title'>;

/** Undefined: it was not measured. */
function cells(
  { id, title }: Titled,
  rows: ReadonlyMap<string, Row>,
  at: string,
): readonly string[] | undefined {
  const value = (name: string): string => ms(rows.get(`${id}.${name}`)?.value);
  const both = (name: string): string => `${ms(rows.get(`${id}.${name}`)?.median)} / ${value(name)}`;
  const gap = rows.get(`${id}.ping_gap_ms_p99`);
  if (gap === undefined) return undefined;
  return [
    title,
    String(gap.runs),
    value('lost_pings'),
    both('ping_gap_ms_p99'),
    both('tcp_stall_ms_p99'),
    both('new_connection_ms_p99'),
    value('broken'),
    value('new_failed'),
    value('dual_frames'),
    value('without_holder'),
    (gap.at ?? at).slice(0, 'YYYY-MM-DD'.length),
  ];
}

/**
 * Markdown, of what was measured: lost pings are the median of the runs, the four counts behind the times those of the worst
 * run. `at`: when, for rows that do not say it; ISO 8601.
 */
export function chaosTable(all: readonly Titled[], rows: readonly Row[], at: string): string {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const line = (texts: readonly string[]): string => `| ${texts.join(' | ')} |`;
  const lines = all.flatMap((scenario) => {
    const texts = cells(scenario, byId, at);
    return texts === undefined ? [] : [line(texts)];
  });
  return [line(columns), line(columns.map(() => '---')), ...lines].join('\n');
}
