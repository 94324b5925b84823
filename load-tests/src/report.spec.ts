import { expect, test } from '@jest/globals';
import { renderReport } from './report.js';
import { type Result, type TargetResult } from './result.js';

const times = { p50: 0.9, p95: 2, p99: 3.456, max: 12 };
const nothing = { failures: [], connectMs: times, totalMs: times, spread: null, affinity: null };
const targets: readonly TargetResult[] = [
  {
    ...{ ...nothing, target: 'http a:80', protocol: 'http', visits: 4, failed: 0 },
    ...{ backends: { 'web-1': 3, 'web-2': 1 }, spread: { classes: { 'web-1': 2, 'web-2': 1 }, p: null } },
  },
  {
    ...{
      ...nothing,
      target: 'tcp a:81',
      protocol: 'tcp',
      visits: 2,
      failed: 2,
      connectMs: null,
      totalMs: null,
    },
    ...{ backends: {}, failures: [{ kind: 'refused', count: 2, first: 'connect ECONNREFUSED' }] },
    spread: { classes: {}, p: null },
  },
  {
    ...{
      ...nothing,
      target: 'affinity a:82',
      protocol: 'http',
      visits: 3,
      failed: 0,
      backends: { 'web-1': 3 },
    },
    affinity: { clients: 16, changes: 2, violations: 1 },
  },
];
const result: Result = {
  ...{ profile: 'churn', kind: 'churn', about: 'all changes', at: '2026-01-01T00:00:00.000Z', seconds: 30 },
  ...{
    peakRate: 20,
    begun: 9,
    notStarted: 1,
    visits: 9,
    failed: 2,
    connectMs: times,
    targets,
    busyShare: 0.123,
    lateP99Ms: 1,
  },
  windows: [
    { untilSeconds: 5, visits: 5, failed: 2, notStarted: 1, connectP99Ms: 3 },
    { untilSeconds: 10, visits: 4, failed: 0, notStarted: 0, connectP99Ms: 3 },
  ],
  deeds: [
    { atSeconds: 4, what: 'scale to 6' },
    { atSeconds: 9, what: 'drain gw-1', error: 'no|way' },
  ],
  ...{ broke: null, interrupted: false, notes: ['something is to be said'] },
};
const verdicts = [
  { what: 'failed visits', limit: 'none', found: '2', passed: false },
  { what: 'spread', limit: 'p', found: 'not judged', passed: null },
];

test('a report has everything that people ask for', () => {
  expect(renderReport(result, verdicts)).toBe(`# Load test churn: FAILED

all changes.

2026-01-01T00:00:00.000Z: 9 connections in 30 s, up to 20/s; 2 failed (22 %), 1 could not be started; the longest connect took 12 ms; the generator was busy for 12 % of the time, and at most 1 ms late.

- something is to be said

## Thresholds

| threshold     | limit | found      | met |
| ------------- | ----- | ---------- | --- |
| failed visits | none  | 2          | NO  |
| spread        | p     | not judged | –   |

## Targets

| target        | visits | failed | connect: half | 95 of 100 | 99 of 100 | answer: 99 of 100 |
| ------------- | ------ | ------ | ------------- | --------- | --------- | ----------------- |
| http a:80     | 4      | 0      | 0.9 ms        | 2 ms      | 3.46 ms   | 3.46 ms           |
| tcp a:81      | 2      | 2      | –             | –         | –         | –                 |
| affinity a:82 | 3      | 0      | 0.9 ms        | 2 ms      | 3.46 ms   | 3.46 ms           |

## Failures

| target   | kind    | visits | the first one        |
| -------- | ------- | ------ | -------------------- |
| tcp a:81 | refused | 2      | connect ECONNREFUSED |

## Backends

| target        | classes | p   | visits by backend      |
| ------------- | ------- | --- | ---------------------- |
| http a:80     | 3       | –   | web-1 75 %, web-2 25 % |
| affinity a:82 | –       | –   | web-1 100 %            |

## Affinity

| target        | clients | changes of the backend | without a reason |
| ------------- | ------- | ---------------------- | ---------------- |
| affinity a:82 | 16      | 2                      | 1                |

## What happened

| after | what                                                    |
| ----- | ------------------------------------------------------- |
| 4 s   | scale to 6                                              |
| 5 s   | until then 2 of 5 visits failed, 1 could not be started |
| 9 s   | drain gw-1: no/way                                      |
`);
});

test('what is not there has no heading', () => {
  const text = renderReport({ ...result, targets: [], windows: [], deeds: [], notes: [] }, []);
  expect(text).toContain('# Load test churn: passed');
  expect(text).not.toContain('##');
});
