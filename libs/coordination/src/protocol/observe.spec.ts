import { describe, expect, test } from '@jest/globals';
import { slotTimes } from '../constants.js';
import { Observer } from './observe.js';

const step = slotTimes.renewMs;

/** Looks again and again until `until`; the lease of `b` is of this incarnation, or absent. */
function look(observer: Observer, incarnation: string | undefined, from: number, until: number): void {
  for (let now = from; now <= until; now += step)
    observer.looked(new Map([['b', { incarnation, renewals: 1, heard: 1 }]]), { now, prompt: true });
}

const seen = (): Observer => {
  const observer = new Observer(slotTimes);
  look(observer, 'b1', 0, 10_000);
  return observer;
};

test('a gateway whose lease is late has been there all the time', () => {
  const observer = seen();
  look(observer, undefined, 10_080, 10_800);
  expect([observer.isThere('b'), observer.thereFor('b', 10_800)]).toEqual([false, 0]);
  look(observer, 'b1', 10_880, 10_880);
  expect([observer.isThere('b'), observer.thereFor('b', 10_880)]).toEqual([true, 10_880]);
});

test.each([
  ['was away', 'b1', 12_000],
  ['was started again', 'b2', 10_800],
])('a gateway that %s begins anew', (_what, incarnation, back) => {
  const observer = seen();
  look(observer, undefined, 10_080, back - step);
  look(observer, incarnation, back, back);
  expect(observer.thereFor('b', back)).toBe(0);
  expect(observer.goneFor('b', back)).toBe(0);
});

test('a gateway that says for seconds that it is not fit begins anew when it is', () => {
  const observer = seen();
  // Each renewal asks for a lease that ends at once.
  for (let now = 10_080, renewals = 2; now < 13_000; now += step, renewals++)
    observer.looked(new Map([['b', { incarnation: undefined, renewals, heard: 1 }]]), { now, prompt: true });
  look(observer, 'b1', 13_000, 13_500);
  expect([observer.isThere('b'), observer.thereFor('b', 13_500)]).toEqual([true, expect.closeTo(500, -2)]);
});

test('a gateway that says so for less than a second, as its Open vSwitch is restarted, begins anew, too', () => {
  const observer = seen();
  for (let now = 10_080, renewals = 2; now < 10_800; now += step, renewals++)
    observer.looked(new Map([['b', { incarnation: undefined, renewals, heard: 1 }]]), { now, prompt: true });
  look(observer, 'b1', 10_800, 11_300);
  expect(observer.thereFor('b', 11_300)).toBeCloseTo(500, -2);
});

test('a gateway that was never there is not', () => {
  const observer = new Observer(slotTimes);
  look(observer, undefined, 0, 1000);
  expect([observer.isThere('b'), observer.thereFor('b', 1000)]).toEqual([false, 0]);
});

describe('a lease that is gone is believed for a fast takeover', () => {
  const absent = (observer: Observer, now: number, change: { renewals?: number; prompt?: boolean } = {}) => {
    const { renewals = 1, prompt = true } = change;
    observer.looked(new Map([['b', { incarnation: undefined, renewals, heard: 0 }]]), { now, prompt });
    return observer.isSilent('b');
  };

  test('at once, when the store is prompt and there was no renewal', () => {
    expect(absent(seen(), 10_080)).toBe(true);
  });

  test('at the second look, when the store stood still', () => {
    const observer = seen();
    expect(absent(observer, 11_000, { prompt: false })).toBe(false);
    expect(absent(observer, 11_300, { prompt: false })).toBe(true);
  });

  test('not while renewals arrive, however late', () => {
    const observer = seen();
    for (let renewals = 2; renewals < 9; renewals++) {
      expect(absent(observer, 10_000 + 500 * renewals, { renewals })).toBe(false);
    }
  });

  test('not when it is there again', () => {
    const observer = seen();
    absent(observer, 10_080);
    look(observer, 'b1', 10_160, 10_160);
    expect(observer.isSilent('b')).toBe(false);
  });

  test('not of a gateway that was never there', () => {
    expect(absent(new Observer(slotTimes), 0)).toBe(false);
  });
});
