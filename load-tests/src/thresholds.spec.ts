import { describe, expect, it } from '@jest/globals';
import { type Result, type TargetResult } from './result.js';
import { brokenBy, hasPassed, judge, type Verdict } from './thresholds.js';

const times = { p50: 1, p95: 2, p99: 3, max: 4 };
const limits = { failedShare: 0.001, connectP99Ms: 500 };

const target = (over: Partial<TargetResult> = {}): TargetResult => ({
  ...{ target: 'http a:80', protocol: 'http', visits: 1000, failed: 0, failures: [] },
  ...{ connectMs: times, totalMs: times, backends: {}, affinity: null },
  spread: { classes: { a: 50, b: 50 }, p: 1 },
  ...over,
});

const result = (over: Partial<Result> = {}): Result => ({
  ...{ profile: 'smoke', kind: 'steady', about: '', at: '', seconds: 30, peakRate: 20, begun: 1000 },
  ...{ notStarted: 0, visits: 1000, failed: 0, connectMs: times, targets: [target()], windows: [] },
  ...{ deeds: [], broke: null, interrupted: false, busyShare: 0.1, lateP99Ms: 1, notes: [] },
  ...over,
});

const failing = (verdicts: readonly Verdict[]): readonly string[] =>
  verdicts.filter(({ passed }) => passed === false).map(({ what }) => what);

describe('a run', () => {
  it('is good when nothing is wrong', () => {
    const verdicts = judge(result(), limits);
    expect(failing(verdicts)).toEqual([]);
    expect(hasPassed(verdicts)).toBe(true);
  });

  it.each<[string, Partial<Result>]>([
    ['failed visits', { failed: 2 }],
    ['failed visits', { visits: 0 }],
    ['connections that could not be started', { notStarted: 1 }],
    ['connect time, 99 of 100', { connectMs: { ...times, p99: 501 } }],
    ['connect time, 99 of 100', { connectMs: null }],
    ['even spread, http a:80', { targets: [target({ spread: { classes: {}, p: 0.0009 } })] }],
    ['the whole run', { interrupted: true }],
    ['changes of the cluster', { kind: 'churn' }],
    [
      'changes of the cluster',
      {
        kind: 'churn',
        deeds: [
          { atSeconds: 1, what: 'scale to 6' },
          { atSeconds: 2, what: 'failed', error: 'no' },
        ],
      },
    ],
    [
      'one backend for each client, http a:80',
      { targets: [target({ spread: null, affinity: { clients: 16, changes: 3, violations: 1 } })] },
    ],
  ])('fails for %s: %j', (what, over) => {
    const verdicts = judge(result(over), limits);
    expect(failing(verdicts)).toEqual([what]);
    expect(hasPassed(verdicts)).toBe(false);
  });

  it('may fail as many visits as the profile allows', () => {
    expect(failing(judge(result({ failed: 1 }), limits))).toEqual([]);
  });
});

describe('the spread', () => {
  const uneven = (p: number | null) => target({ spread: { classes: { a: 3, b: 4 }, p } });

  it('of several targets shares the one run of a thousand', () => {
    const four = [uneven(0.0003), target(), target(), target()];
    expect(failing(judge(result({ targets: four }), limits))).toEqual([]);
    expect(failing(judge(result({ targets: four.slice(0, 2) }), limits))).toHaveLength(1);
  });

  it('of too few classes is not judged, and that is said', () => {
    const verdicts = judge(result({ targets: [uneven(null)] }), limits);
    expect(hasPassed(verdicts)).toBe(true);
    expect(verdicts.find(({ passed }) => passed === null)?.found).toBe(
      'not judged: 7 classes for 2 endpoints',
    );
  });
});

describe('a breakpoint', () => {
  const window = { untilSeconds: 5, visits: 100, failed: 0, notStarted: 0, connectP99Ms: 3 };
  const broke = { rate: 812, why: 'slow' };

  it('is told, and passes wherever it is but at the first rate', () => {
    const verdicts = judge(result({ kind: 'breakpoint', broke, windows: [window, window] }), limits);
    expect(verdicts).toEqual([expect.objectContaining({ found: '812/s: slow', passed: true })]);
    expect(hasPassed(judge(result({ kind: 'breakpoint', broke, windows: [window] }), limits))).toBe(false);
  });

  it.each([
    [{}, undefined],
    [{ failed: 1 }, '1 % of the visits failed'],
    [{ notStarted: 7 }, '7 connections could not be started'],
    [{ connectP99Ms: 1031 }, 'one of a hundred connections took 1030 ms'],
    [{ connectP99Ms: null }, undefined],
    [{ visits: 0 }, undefined],
  ])('is where a window has %j', (over, why) => {
    expect(brokenBy({ ...window, ...over }, limits)).toBe(why);
  });
});
