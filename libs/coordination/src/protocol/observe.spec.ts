import { expect, test } from '@jest/globals';
import { slotTimes } from '../constants.js';
import { Observer } from './observe.js';

const step = slotTimes.renewMs;

/** Looks again and again until `until`; the lease of `b` is of this incarnation, or absent. */
function look(observer: Observer, incarnation: string | undefined, from: number, until: number): void {
  for (let now = from; now <= until; now += step)
    observer.looked(new Map([['b', { incarnation, renewals: 1, heard: 1 }]]), now);
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
    observer.looked(new Map([['b', { incarnation: undefined, renewals, heard: 1 }]]), now);
  look(observer, 'b1', 13_000, 13_500);
  expect([observer.isThere('b'), observer.thereFor('b', 13_500)]).toEqual([true, expect.closeTo(500, -2)]);
});

test('a gateway that was never there is not', () => {
  const observer = new Observer(slotTimes);
  look(observer, undefined, 0, 1000);
  expect([observer.isThere('b'), observer.thereFor('b', 1000)]).toEqual([false, 0]);
});
