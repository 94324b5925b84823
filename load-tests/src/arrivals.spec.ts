import { describe, expect, it, test } from '@jest/globals';
import { arrivalsDue, hold, ramp, rateAt, scaled, totalSeconds } from './arrivals.js';

describe('arrivals', () => {
  it.each([
    [-1, 0],
    [0, 0],
    [0.04, 0],
    [0.05, 1],
    [1, 20],
    [29.9, 598],
    [30, 600],
    [99, 600],
  ])('of 20 a second after %d s are %d', (elapsed, due) => {
    expect(arrivalsDue([hold(20, 30)], elapsed)).toBe(due);
  });

  it('of a ramp are the area below it', () => {
    const stages = [ramp(0, 100, 10), hold(100, 1)];
    expect([5, 10, 11].map((elapsed) => arrivalsDue(stages, elapsed))).toEqual([125, 500, 600]);
  });

  it('jump where a stage begins with another rate', () => {
    const stages = [hold(50, 2), hold(500, 1), hold(50, 2)];
    expect([2, 3, 5].map((elapsed) => arrivalsDue(stages, elapsed))).toEqual([100, 600, 700]);
  });

  it('never become fewer, and none is lost to rounding', () => {
    const stages = [ramp(0, 7, 3), hold(7, 3), ramp(7, 1, 3)];
    let before = 0;
    for (let elapsed = 0; elapsed <= 9; elapsed += 0.01) {
      const due = arrivalsDue(stages, elapsed);
      expect(due).toBeGreaterThanOrEqual(before);
      before = due;
    }
    expect(arrivalsDue(stages, 9)).toBe(43);
  });
});

describe('the rate', () => {
  const stages = [ramp(0, 100, 10), hold(40, 5)];
  it.each([
    [0, 0],
    [5, 50],
    [10, 40],
    [99, 40],
  ])('after %d s is %d', (elapsed, rate) => expect(rateAt(stages, elapsed)).toBe(rate));
  it('of nothing is 0', () => expect(rateAt([], 1)).toBe(0));
});

test('stages can be made faster and shorter', () => {
  const stages = scaled([ramp(0, 100, 10), hold(100, 120)], { rate: 2, time: 0.1 });
  expect(stages).toEqual([ramp(0, 200, 1), hold(200, 12)]);
  expect(totalSeconds(stages)).toBe(13);
});
