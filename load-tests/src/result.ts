/** What a run gives: one object, the same for the thresholds, the report and the JSON file. */
import { type AffinitySummary, type Lifetime } from './affinity.js';
import { chiSquare } from './chi-square.js';
import { type Deed } from './churn/churn.js';
import { spreadOf } from './classes.js';
import { type LoadRun } from './load.js';
import { type Outcome, type Tally, type Window } from './outcome.js';
import { type ProfileKind } from './profiles.js';
import { type Protocol } from './settings.js';
import { type TimesSummary } from './times.js';

export interface SpreadResult {
  /** Classes that were met, by endpoint; 0 for endpoints that nobody met. */
  readonly classes: Readonly<Record<string, number>>;
  /** Null: too few classes for a judgement. */
  readonly p: number | null;
}

export interface TargetResult {
  readonly target: string;
  readonly protocol: Protocol;
  readonly visits: number;
  readonly failed: number;
  readonly failures: readonly { readonly kind: string; readonly count: number; readonly first: string }[];
  readonly connectMs: TimesSummary | null;
  readonly totalMs: TimesSummary | null;
  /** Visits by backend. */
  readonly backends: Readonly<Record<string, number>>;
  /** Null with affinity, and where endpoints come and go. */
  readonly spread: SpreadResult | null;
  /** Null without affinity. */
  readonly affinity: AffinitySummary | null;
}

export interface Result {
  readonly profile: string;
  readonly kind: ProfileKind;
  readonly about: string;
  /** ISO 8601. */
  readonly at: string;
  readonly seconds: number;
  /** Wanted new connections per second, at most. */
  readonly peakRate: number;
  readonly begun: number;
  readonly notStarted: number;
  readonly visits: number;
  readonly failed: number;
  readonly connectMs: TimesSummary | null;
  readonly targets: readonly TargetResult[];
  readonly windows: readonly Window[];
  readonly deeds: readonly Deed[];
  /** Of a breakpoint: the rate at which it ended, and why; null when it held to the end. */
  readonly broke: { readonly rate: number; readonly why: string } | null;
  readonly interrupted: boolean;
  /** Of the generator's one thread. */
  readonly busyShare: number;
  /** Connections began at most so much too late, 99 of 100. */
  readonly lateP99Ms: number;
  readonly notes: readonly string[];
}

/** Names that no Pod has. */
const unmet = (at: number): string => `(unmet ${at})`;

function spreadResult(tally: Tally, endpoints: number | undefined): SpreadResult {
  const names = [...tally.backends.keys()];
  const count = Math.max(endpoints ?? 0, names.length);
  const all = [...names, ...Array.from({ length: count - names.length }, (_, at) => unmet(at + 1))];
  const classes = spreadOf(tally.classes, count);
  const counts = all.map((name) => classes[name] ?? 0);
  return {
    classes: Object.fromEntries(all.map((name, at) => [name, counts[at] ?? 0])),
    p: chiSquare(counts)?.p ?? null,
  };
}

export interface Known {
  readonly endpoints: number | undefined;
  readonly lives: ReadonlyMap<string, Lifetime>;
}

function targetResult(tally: Tally, kind: ProfileKind, { endpoints, lives }: Known): TargetResult {
  const { target, visits, failed } = tally;
  return {
    target: target.name,
    protocol: target.protocol,
    visits,
    failed,
    failures: [...tally.failures].map(([kind, count]) => ({
      kind,
      count,
      first: tally.details.get(kind) ?? '',
    })),
    connectMs: tally.connect.summary() ?? null,
    totalMs: tally.total.summary() ?? null,
    backends: Object.fromEntries([...tally.backends].sort(([, a], [, b]) => b - a)),
    spread: target.affine || kind !== 'steady' ? null : spreadResult(tally, endpoints),
    affinity: target.affine ? tally.affinity.summary(lives) : null,
  };
}

export type About = Pick<
  Result,
  'profile' | 'kind' | 'about' | 'at' | 'peakRate' | 'deeds' | 'busyShare' | 'notes'
>;

export function resultOf(about: About, run: LoadRun, outcome: Outcome, known: Known): Result {
  const { begun, seconds, ended, interrupted, lastRate, lateP99Ms } = run;
  return {
    ...about,
    seconds: Math.round(seconds),
    lateP99Ms,
    begun,
    notStarted: outcome.notStarted,
    visits: outcome.visits,
    failed: outcome.failed,
    connectMs: outcome.connect.summary() ?? null,
    targets: outcome.tallies.map((tally) => targetResult(tally, about.kind, known)),
    windows: outcome.windows,
    broke: ended === undefined ? null : { rate: Math.round(lastRate), why: ended },
    interrupted,
  };
}
