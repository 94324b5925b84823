/** Whether a run was good. Pure. */
import { type Window } from './outcome.js';
import { type Limits } from './profiles.js';
import { type Result, type TargetResult } from './result.js';

export interface Verdict {
  readonly what: string;
  readonly limit: string;
  readonly found: string;
  /** Null: there was too little to judge by. */
  readonly passed: boolean | null;
}

export const percent = (share: number): string => `${Number((share * 100).toPrecision(2))} %`;
export const milliseconds = (ms: number): string => `${Number(ms.toPrecision(3))} ms`;
const shareOf = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/**
 * An even spread looks this uneven in one run of a thousand. It is a run that should be wrong so seldom, so its targets share
 * the thousandth (Bonferroni's correction).
 */
const leastP = 0.001;

function failedVisits({ visits, failed }: Result, { failedShare }: Limits): Verdict {
  const share = shareOf(failed, visits);
  const found = visits === 0 ? 'no visit' : `${percent(share)} (${failed} of ${visits})`;
  return {
    what: 'failed visits',
    limit: `at most ${percent(failedShare)}`,
    found,
    passed: visits > 0 && share <= failedShare,
  };
}

const notStarted = (result: Result): Verdict => ({
  what: 'connections that could not be started',
  limit: 'none',
  found: String(result.notStarted),
  passed: result.notStarted === 0,
});

const connectTime = ({ connectMs }: Result, { connectP99Ms }: Limits): Verdict => ({
  what: 'connect time, 99 of 100',
  limit: `at most ${milliseconds(connectP99Ms)}`,
  found: connectMs === null ? 'no connection' : milliseconds(connectMs.p99),
  passed: connectMs !== null && connectMs.p99 <= connectP99Ms,
});

function spread({ target, spread: { p, classes } }: Spread, limit: number): Verdict {
  const what = `even spread, ${target}`;
  const asked = `p at least ${limit.toPrecision(2)}`;
  if (p !== null) return { what, limit: asked, found: `p ${p.toPrecision(2)}`, passed: p >= limit };
  const count = Object.values(classes).reduce((sum, number) => sum + number, 0);
  const found = `not judged: ${count} classes for ${Object.keys(classes).length} endpoints`;
  return { what, limit: asked, found, passed: null };
}

type Spread = Pick<TargetResult, 'target'> & { readonly spread: NonNullable<TargetResult['spread']> };

function spreads({ targets }: Result): readonly Verdict[] {
  const all = targets.flatMap(({ target, spread: found }) =>
    found === null ? [] : [{ target, spread: found }],
  );
  return all.map((one) => spread(one, leastP / all.length));
}

const affinities = ({ targets }: Result): readonly Verdict[] =>
  targets.flatMap(({ target, affinity }) =>
    affinity === null
      ? []
      : [
          {
            what: `one backend for each client, ${target}`,
            limit: 'no change without a reason',
            found: `${affinity.violations} of ${affinity.changes} changes, ${affinity.clients} clients`,
            passed: affinity.violations === 0,
          },
        ],
  );

function churn({ kind, deeds }: Result): readonly Verdict[] {
  if (kind !== 'churn') return [];
  const failed = deeds.filter(({ error }) => error !== undefined).length;
  const found = `${failed} of ${deeds.length} failed`;
  return [
    {
      what: 'changes of the cluster',
      limit: 'some, none failed',
      found,
      passed: deeds.length > 0 && failed === 0,
    },
  ];
}

const interrupted = (result: Result): readonly Verdict[] =>
  result.interrupted
    ? [
        {
          what: 'the whole run',
          limit: 'to its end',
          found: `interrupted after ${result.seconds} s`,
          passed: false,
        },
      ]
    : [];

/** A breakpoint is there to be found; that it is not there at the first rate is all that is asked. */
function breakpoint({ windows, broke, peakRate }: Result): Verdict {
  const found = broke === null ? `none up to ${peakRate}/s` : `${broke.rate}/s: ${broke.why}`;
  return {
    what: 'breakpoint',
    limit: 'above the first rate',
    found,
    passed: broke === null || windows.length > 1,
  };
}

export function judge(result: Result, limits: Limits): readonly Verdict[] {
  if (result.kind === 'breakpoint') return [breakpoint(result), ...interrupted(result)];
  return [
    failedVisits(result, limits),
    notStarted(result),
    connectTime(result, limits),
    ...spreads(result),
    ...affinities(result),
    ...churn(result),
    ...interrupted(result),
  ];
}

export const hasPassed = (verdicts: readonly Verdict[]): boolean =>
  verdicts.every(({ passed }) => passed !== false);

/** Why a window is beyond the limits; undefined: it is not. */
export function brokenBy(window: Window, { failedShare, connectP99Ms }: Limits): string | undefined {
  const { visits, failed, notStarted: refused, connectP99Ms: p99 } = window;
  const share = shareOf(failed, visits);
  if (refused > 0) return `${refused} connections could not be started`;
  if (share > failedShare) return `${percent(share)} of the visits failed`;
  if (p99 !== null && p99 > connectP99Ms) return `one of a hundred connections took ${milliseconds(p99)}`;
  return undefined;
}
