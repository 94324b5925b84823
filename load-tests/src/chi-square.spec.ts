import { expect, it, test } from '@jest/globals';
import { chiSquare } from './chi-square.js';

// Critical values as tables of the distribution have them.
test.each([
  [[50, 50], 0, 1],
  [[60, 40], 4, 0.0455],
  [[25, 25, 25, 25], 0, 1],
  [[40, 20, 20, 20], 12, 0.00738],
  [[100, 0], 100, 0],
])('%j: the statistic is %d, and p is %d', (counts, statistic, p) => {
  const found = chiSquare(counts);
  expect(found?.statistic).toBeCloseTo(statistic, 10);
  expect(found?.p).toBeCloseTo(p, 4);
});

it.each([[[]], [[100]], [[9, 0]], [[4, 4, 4]]])('says nothing of %j', (counts) => {
  expect(chiSquare(counts)).toBeUndefined();
});
