import { describe, expect, it } from '@jest/globals';
import { Outcome } from './outcome.js';
import { type Target } from './settings.js';
import { type Answered, type Failed } from './visits/visit.js';

const target = (affine: boolean): Target => ({
  name: 'http a:80',
  protocol: 'http',
  host: 'a',
  port: 80,
  affine,
});
const answered = (over: Partial<Answered> = {}): Answered => ({
  ok: true,
  backend: 'web-1',
  startMs: 0,
  connectMs: 1,
  totalMs: 2,
  source: { address: '10.0.0.1', port: 40_000 },
  ...over,
});
const failed = (detail: string): Failed => ({
  ok: false,
  startMs: 0,
  totalMs: 3,
  failure: { kind: 'refused', detail },
});

describe('the outcome', () => {
  it('counts by target, backend and kind of failure, with the first words of each', () => {
    const outcome = new Outcome([target(false), target(false)]);
    outcome.record(0, answered());
    outcome.record(1, answered({ backend: 'web-2' }));
    outcome.record(1, failed('one'));
    outcome.record(1, failed('two'));
    const [, second] = outcome.tallies;
    expect(outcome).toMatchObject({ visits: 4, failed: 2, notStarted: 0 });
    expect(second).toMatchObject({ visits: 3, failed: 2 });
    expect([...(second?.backends ?? [])]).toEqual([['web-2', 1]]);
    expect([...(second?.failures ?? [])]).toEqual([['refused', 2]]);
    expect([...(second?.details ?? [])]).toEqual([['refused', 'one']]);
  });

  it('takes times of visits that were answered', () => {
    const outcome = new Outcome([target(false)]);
    expect(outcome.connect.summary()).toBeUndefined();
    for (let ms = 1; ms <= 100; ms++) outcome.record(0, answered({ connectMs: ms }));
    outcome.record(0, failed('no'));
    expect(outcome.connect.count).toBe(100);
    expect(outcome.connect.p99()).toBeCloseTo(99, 0);
  });

  it('asks for affinity where there should be some, and for classes elsewhere', () => {
    const outcome = new Outcome([target(true), target(false)]);
    for (const at of [0, 1]) outcome.record(at, answered());
    const [affine, plain] = outcome.tallies;
    expect(affine?.affinity.summary(new Map()).clients).toBe(1);
    expect([affine?.classes.size, plain?.classes.size]).toEqual([0, 1]);
    expect(plain?.affinity.summary(new Map()).clients).toBe(0);
  });

  it('has windows of its own for what ended in them', () => {
    const outcome = new Outcome([target(false)]);
    outcome.record(0, answered({ connectMs: 900 }));
    outcome.closeWindow(5.02);
    outcome.record(0, answered());
    outcome.record(0, failed('no'));
    outcome.refuse();
    expect(outcome.closeWindow(10)).toEqual({
      untilSeconds: 10,
      visits: 2,
      failed: 1,
      notStarted: 1,
      connectP99Ms: 1,
    });
    expect(outcome.windows).toHaveLength(2);
    expect(outcome.windows[0]).toMatchObject({ untilSeconds: 5, visits: 1, failed: 0 });
  });
});
