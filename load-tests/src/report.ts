/** The report of a run as Markdown, which a terminal shows as well. Pure. */
import { type Result, type TargetResult } from './result.js';
import { hasPassed, milliseconds, percent, type Verdict } from './thresholds.js';
import { type TimesSummary } from './times.js';

type Cells = readonly string[];

/** Aligned, so that it can be read as it is. */
function table(head: Cells, rows: readonly Cells[]): readonly string[] {
  const widths = head.map((title, at) =>
    Math.max(3, title.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  const line = (cells: Cells): string =>
    `| ${widths.map((width, at) => (cells[at] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)];
}

/** Nothing at all without rows. */
function section(title: string, head: Cells, rows: readonly Cells[]): readonly string[] {
  return rows.length === 0 ? [] : ['', `## ${title}`, '', ...table(head, rows)];
}

const passes: Readonly<Record<string, string>> = { true: 'yes', false: 'NO', null: '–' };

const thresholds = (verdicts: readonly Verdict[]): readonly string[] =>
  section(
    'Thresholds',
    ['threshold', 'limit', 'found', 'met'],
    verdicts.map(({ what, limit, found, passed }) => [what, limit, found, passes[String(passed)] ?? '']),
  );

const threeTimes = (times: TimesSummary | null): Cells =>
  times === null ? ['–', '–', '–'] : [times.p50, times.p95, times.p99].map(milliseconds);

const targets = (all: readonly TargetResult[]): readonly string[] =>
  section(
    'Targets',
    ['target', 'visits', 'failed', 'connect: half', '95 of 100', '99 of 100', 'answer: 99 of 100'],
    all.map(({ target, visits, failed, connectMs, totalMs }) => [
      target,
      String(visits),
      String(failed),
      ...threeTimes(connectMs),
      totalMs === null ? '–' : milliseconds(totalMs.p99),
    ]),
  );

const failures = (all: readonly TargetResult[]): readonly string[] =>
  section(
    'Failures',
    ['target', 'kind', 'visits', 'the first one'],
    all.flatMap(({ target, failures: kinds }) =>
      kinds.map(({ kind, count, first }) => [target, kind, String(count), first.replaceAll('|', '/')]),
    ),
  );

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);

function shares(counts: Readonly<Record<string, number>>): string {
  const whole = sum(counts);
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${percent(count / whole)}`)
    .join(', ');
}

const backends = (all: readonly TargetResult[]): readonly string[] =>
  section(
    'Backends',
    ['target', 'classes', 'p', 'visits by backend'],
    all
      .filter(({ backends: met }) => sum(met) > 0)
      .map(({ target, spread, backends: met }) => [
        target,
        spread === null ? '–' : String(sum(spread.classes)),
        typeof spread?.p === 'number' ? spread.p.toPrecision(2) : '–',
        shares(met),
      ]),
  );

const affinity = (all: readonly TargetResult[]): readonly string[] =>
  section(
    'Affinity',
    ['target', 'clients', 'changes of the backend', 'without a reason'],
    all.flatMap(({ target, affinity: held }) =>
      held === null ? [] : [[target, held.clients, held.changes, held.violations].map(String)],
    ),
  );

/** Deeds, and windows in which something failed, in the order of time. */
function course({ deeds, windows }: Result): readonly string[] {
  const events = [
    ...deeds.map(({ atSeconds, what, error }) => ({
      at: atSeconds,
      what: error === undefined ? what : `${what}: ${error}`,
    })),
    ...windows
      .filter(({ failed, notStarted }) => failed + notStarted > 0)
      .map(({ untilSeconds, failed, notStarted, visits }) => ({
        at: untilSeconds,
        what: `until then ${failed} of ${visits} visits failed, ${notStarted} could not be started`,
      })),
  ].sort((a, b) => a.at - b.at);
  return section(
    'What happened',
    ['after', 'what'],
    events.map(({ at, what }) => [`${at} s`, what.replaceAll('\n', ' ').replaceAll('|', '/')]),
  );
}

const summary = (result: Result): readonly string[] => {
  const { begun, visits, failed, notStarted, seconds, peakRate, connectMs, busyShare, lateP99Ms, at } =
    result;
  const connected = connectMs === null ? [] : [`the longest connect took ${milliseconds(connectMs.max)}`];
  const failedShare = visits === 0 ? '' : ` (${percent(failed / visits)})`;
  return [
    [
      `${at}: ${begun} connections in ${seconds} s, up to ${peakRate}/s`,
      `${failed} failed${failedShare}, ${notStarted} could not be started`,
      ...connected,
      `the generator was busy for ${percent(busyShare)} of the time, and at most ${milliseconds(lateP99Ms)} late`,
    ].join('; ') + '.',
  ];
};

export function renderReport(result: Result, verdicts: readonly Verdict[]): string {
  const { profile, about, notes } = result;
  return [
    `# Load test ${profile}: ${hasPassed(verdicts) ? 'passed' : 'FAILED'}`,
    '',
    `${about}.`,
    '',
    ...summary(result),
    ...(notes.length === 0 ? [] : ['', ...notes.map((note) => `- ${note}`)]),
    ...thresholds(verdicts),
    ...targets(result.targets),
    ...failures(result.targets),
    ...backends(result.targets),
    ...affinity(result.targets),
    ...course(result),
    '',
  ].join('\n');
}
