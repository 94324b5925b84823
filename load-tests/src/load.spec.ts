import { describe, expect, it } from '@jest/globals';
import { hold, ramp } from './arrivals.js';
import { Load, type LoadPlan, type Pace } from './load.js';
import { Outcome } from './outcome.js';
import { type Target } from './settings.js';
import { type Visit } from './visits/visit.js';

const target: Target = { name: 'tcp a:1', protocol: 'tcp', host: 'a', port: 1, affine: false };
const answer: Visit = {
  ok: true,
  backend: 'web-1',
  startMs: 0,
  connectMs: 1,
  totalMs: 2,
  source: { address: '10.0.0.1', port: 40_000 },
};

/** A tenth of a second at each tick. */
function fakePace(): Pace {
  let ms = 0;
  return {
    now: () => ms,
    tick: () => {
      ms += 100;
      return Promise.resolve();
    },
  };
}

function plan(over: Partial<LoadPlan> = {}): LoadPlan {
  const sources = over.sources ?? [[]];
  return {
    stages: [hold(20, 10)],
    outcome: new Outcome(sources.map(() => target)),
    visit: () => Promise.resolve(answer),
    sources,
    mostUnderWay: 100,
    windowSeconds: 5,
    signal: new AbortController().signal,
    ...over,
  };
}

describe('a load', () => {
  it('begins as many visits as are due, and counts them', async () => {
    const given = plan();
    const run = await new Load(given, fakePace()).run();
    // A tick of 100 ms in the place of 5, as exact as a histogram is.
    const late = 95.04;
    expect(run).toEqual({ begun: 200, seconds: 10, lastRate: 20, lateP99Ms: late, interrupted: false });
    expect(given.outcome).toMatchObject({ visits: 200, failed: 0, notStarted: 0 });
    // The two that are under way when the first window ends count in the next one.
    expect(given.outcome.windows.map(({ visits }) => visits)).toEqual([98, 102]);
  });

  it('visits every target from every local address of it', async () => {
    const met = new Map<string, number>();
    const given = plan({
      sources: [['a', 'b'], ['v6'], []],
      visit: (at, from) => {
        const pair = `${at} ${String(from)}`;
        met.set(pair, (met.get(pair) ?? 0) + 1);
        return Promise.resolve(answer);
      },
      stages: [hold(12, 10)],
    });
    await new Load(given, fakePace()).run();
    expect(Object.fromEntries(met)).toEqual({ '0 a': 20, '0 b': 20, '1 v6': 40, '2 undefined': 40 });
  });

  it('does not wait for slow answers, up to the most that may be under way', async () => {
    const answers: (() => void)[] = [];
    const given = plan({
      visit: () => new Promise((resolve) => answers.push(() => resolve(answer))),
      mostUnderWay: 30,
    });
    const pace = fakePace();
    let ticks = 0;
    const tick = (): Promise<unknown> => {
      // The last visits are answered after the end.
      if (++ticks === 100) queueMicrotask(() => answers.forEach((end) => end()));
      return pace.tick();
    };
    const run = await new Load(given, { ...pace, tick }).run();
    expect(run.begun).toBe(30);
    expect(given.outcome).toMatchObject({ visits: 30, notStarted: 170 });
  });

  it('ends when its judge says so, and tells at which rate', async () => {
    const stages = [ramp(0, 100, 100)];
    const judge = ({ untilSeconds }: { untilSeconds: number }) =>
      untilSeconds >= 50 ? 'too slow' : undefined;
    const run = await new Load(plan({ stages, judge }), fakePace()).run();
    expect(run).toMatchObject({ ended: 'too slow', seconds: 50, lastRate: 50, interrupted: false });
  });

  it('is judged by its last window, too', async () => {
    const judge = ({ visits }: { visits: number }) => (visits === 102 ? 'too many' : undefined);
    const run = await new Load(plan({ judge }), fakePace()).run();
    expect(run).toMatchObject({ ended: 'too many', seconds: 10 });
  });

  it('ends early when it is interrupted, with what it has', async () => {
    const controller = new AbortController();
    const given = plan({ signal: controller.signal });
    const pace = fakePace();
    const tick = (): Promise<unknown> => {
      if (pace.now() >= 3000) controller.abort();
      return pace.tick();
    };
    const run = await new Load(given, { ...pace, tick }).run();
    expect(run).toMatchObject({ interrupted: true, begun: 60 });
    expect(given.outcome.windows).toHaveLength(1);
  });
});
