import { describe, expect, test } from '@jest/globals';
import { ManualClock } from './clock.js';
import { Runner } from './runner.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await turn();
}

test('marks of one turn are one pass, marks during a pass are one more', async () => {
  const clock = new ManualClock();
  let passes = 0;
  const runner = new Runner({
    clock,
    pass: async () => {
      passes++;
      if (passes === 1) {
        runner.mark();
        runner.mark();
      }
      return Promise.resolve();
    },
    onError: () => undefined,
  });
  runner.mark();
  runner.mark();
  await settle();
  expect(passes).toBe(2);
});

test.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
  'a mark %d turns of promises behind a pass is not lost',
  async (turns) => {
    let passes = 0;
    const markLater = async (): Promise<void> => {
      for (let at = 0; at < turns; at++) await Promise.resolve();
      runner.mark();
    };
    const runner = new Runner({
      clock: new ManualClock(),
      pass: () => {
        if (++passes === 1) void Promise.resolve().then(markLater);
        return Promise.resolve();
      },
      onError: () => undefined,
    });
    runner.mark();
    await settle();
    expect(passes).toBe(2);
  },
);

/** The first `failing` passes fail. */
function counting({ failing = 0 } = {}) {
  const clock = new ManualClock();
  const waits: number[] = [];
  const counted = { passes: 0 };
  const runner = new Runner({
    clock,
    pass: () => (++counted.passes <= failing ? Promise.reject(new Error('no')) : Promise.resolve()),
    onError: (_, retryMs) => waits.push(retryMs),
  });
  return { clock, waits, counted, runner };
}

test('a failure is tried again with back-off, a success resets it', async () => {
  const { clock, waits, counted, runner } = counting({ failing: 3 });
  runner.mark();
  await settle();
  for (const ms of [100, 200, 400]) {
    clock.advance(ms);
    await settle();
  }
  expect(waits).toEqual([100, 200, 400]);
  expect(counted.passes).toBe(4);
});

test('a mark does not wait for the retry of an earlier failure', async () => {
  const { counted, runner } = counting({ failing: 1 });
  runner.mark();
  await settle();
  runner.mark();
  await settle();
  expect(counted.passes).toBe(2);
});

test('after stop nothing runs', async () => {
  const { counted, runner } = counting();
  await runner.stop();
  runner.mark();
  await settle();
  expect(counted.passes).toBe(0);
});

describe('while marks do not end', () => {
  /** Passes of 100 ms that each find something new. */
  function busy() {
    const clock = new ManualClock();
    const began: number[] = [];
    const runner = new Runner({
      clock,
      pass: async () => {
        began.push(clock.monotonicMs());
        clock.advance(100);
        runner.mark();
        return Promise.resolve();
      },
      onError: () => undefined,
    });
    return { clock, began, runner };
  }

  test('the first passes follow each other, later ones rest for twice as long as they take', async () => {
    const { clock, began, runner } = busy();
    runner.mark();
    await settle();
    await settle();
    expect(began).toEqual([0, 100, 200, 300, 400]);
    for (let rests = 0; rests < 3; rests++) {
      clock.advance(200);
      await settle();
    }
    expect(began.slice(5).map(Math.round)).toEqual([700, 1000, 1300]);
    await runner.stop();
  });

  test('what is urgent does not wait', async () => {
    const { clock, began, runner } = busy();
    runner.mark();
    await settle();
    await settle();
    const before = clock.monotonicMs();
    runner.markUrgent();
    await settle();
    expect(began.at(-1)).toBe(before);
    await runner.stop();
  });

  test('a rest ends with the runner', async () => {
    const { began, runner } = busy();
    runner.mark();
    await settle();
    await settle();
    const passes = began.length;
    await runner.stop();
    expect(began).toHaveLength(passes);
  });
});
