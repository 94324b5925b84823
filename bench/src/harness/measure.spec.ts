import { describe, expect, it } from '@jest/globals';
import { median, percentile, rounded } from './measure.js';

const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

describe('percentile', () => {
  it.each([
    [1, 1],
    [50, 50],
    [99, 99],
    [99.5, 100],
    [100, 100],
  ])('%d %% of 1 to 100 is %d', (percent, expected) => {
    expect(percentile(hundred, percent)).toBe(expected);
  });

  it('of few samples is one of them', () => expect(percentile([3, 1, 2], 99)).toBe(3));
  it('needs samples', () => expect(() => percentile([], 50)).toThrow(RangeError));
  it('needs a percentage', () => expect(() => percentile([1], 0)).toThrow(RangeError));
});

describe('median', () => {
  it('is the middle one', () => expect(median([9, 1, 5])).toBe(5));
  it('is between the middle two', () => expect(median([10, 1, 3, 2])).toBe(2.5));
  it('needs samples', () => expect(() => median([])).toThrow(RangeError));
});

it('rounds to four digits', () => expect([0.0123456, 1234.56].map(rounded)).toEqual([0.01235, 1235]));
