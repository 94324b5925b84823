import { describe, expect, it } from '@jest/globals';
import { type LoadRun } from './load.js';
import { Outcome } from './outcome.js';
import { type About, resultOf } from './result.js';
import { type Target } from './settings.js';

const target = (affine: boolean): Target => ({
  ...{ name: 'http a:80', protocol: 'http', host: 'a', port: 80, affine },
});
const about: About = {
  ...{
    profile: 'smoke',
    kind: 'steady',
    about: 'x',
    at: '',
    peakRate: 20,
    deeds: [],
    busyShare: 0.1,
    notes: [],
  },
};
const run: LoadRun = { begun: 64, seconds: 30.004, lastRate: 20, lateP99Ms: 1, interrupted: false };

/** From 64 classes, in turn to these backends. */
function visited(affine: boolean, backends: readonly string[]): Outcome {
  const outcome = new Outcome([target(affine)]);
  for (let at = 0; at < 64; at++)
    outcome.record(0, {
      ...{ ok: true, startMs: at, connectMs: 1, totalMs: 2, backend: backends[at % backends.length] ?? '' },
      source: { address: `10.0.0.${Math.floor(at / 16)}`, port: 40_000 + 2 * (at % 16) },
    });
  return outcome;
}

const resultFor = (outcome: Outcome, endpoints?: number, over: Partial<LoadRun> = {}) =>
  resultOf(about, { ...run, ...over }, outcome, { endpoints, lives: new Map() });

describe('a result', () => {
  it('has the spread over the endpoints that were met', () => {
    const [seen] = resultFor(visited(false, ['a', 'b'])).targets;
    expect(seen).toMatchObject({ visits: 64, backends: { a: 32, b: 32 }, affinity: null });
    expect(seen?.spread?.classes).toEqual({ a: 32, b: 32 });
    expect(seen?.spread?.p).toBeCloseTo(1);
  });

  it('misses endpoints that nobody met, where their number is known', () => {
    const [seen] = resultFor(visited(false, ['a', 'b']), 4).targets;
    expect(seen?.spread?.classes).toEqual({ a: 32, b: 32, '(unmet 1)': 0, '(unmet 2)': 0 });
    expect(seen?.spread?.p).toBeLessThan(1e-9);
  });

  it('says nothing of the spread where too little is known', () => {
    const [seen] = resultFor(visited(false, ['a', 'b']), 20).targets;
    expect(seen?.spread?.p).toBeNull();
  });

  it('has the changes of clients in the place of the spread where there is affinity', () => {
    const [seen] = resultFor(visited(true, ['a', 'b'])).targets;
    expect(seen).toMatchObject({ spread: null, affinity: { clients: 4, changes: 60, violations: 60 } });
  });

  it('says nothing of the spread where endpoints come and go', () => {
    const known = { endpoints: 2, lives: new Map() };
    const [seen] = resultOf({ ...about, kind: 'churn' }, run, visited(false, ['a', 'b']), known).targets;
    expect(seen).toMatchObject({ spread: null, affinity: null, backends: { a: 32, b: 32 } });
  });

  it('tells why it ended, and at which rate', () => {
    const outcome = visited(false, ['a']);
    expect(resultFor(outcome)).toMatchObject({ seconds: 30, broke: null });
    const { broke } = resultFor(outcome, undefined, { ended: 'slow', lastRate: 812.3 });
    expect(broke).toEqual({ rate: 812, why: 'slow' });
  });

  it('of no visit at all can be told, too', () => {
    const empty = resultFor(new Outcome([target(false)]));
    expect(empty).toMatchObject({ visits: 0, connectMs: null, targets: [{ backends: {}, connectMs: null }] });
  });
});
