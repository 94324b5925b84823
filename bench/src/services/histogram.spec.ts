import { expect, test } from '@jest/globals';
import { bucketsIn, observations, quantile, since } from './histogram.js';

const text = (counts: readonly number[]): string =>
  ['0.01', '0.02', '+Inf']
    .flatMap((bound, at) => [
      `wait_seconds_bucket{kind="a",le="${bound}"} ${counts[at] ?? 0}`,
      `wait_seconds_bucket{kind="b",le="${bound}"} 100`,
      `wait_seconds_more_bucket{kind="a",le="${bound}"} 7`,
    ])
    .join('\n');
const kind = ['kind="a"'];
const read = (counts: readonly number[]) => bucketsIn(text(counts), 'wait_seconds', kind);

test('counts what came between two looks, of the labels that are asked for', () => {
  const between = since(read([1, 2, 2]), read([3, 12, 13]));
  expect([...between]).toEqual([
    [0.01, 2],
    [0.02, 10],
    [Number.POSITIVE_INFINITY, 11],
  ]);
  expect(observations(between)).toBe(11);
});

test('a quantile is in the bucket that has it', () => {
  const buckets = read([50, 90, 100]);
  expect(quantile(buckets, 0.25)).toBeCloseTo(0.005);
  expect(quantile(buckets, 0.7)).toBeCloseTo(0.015);
  expect(quantile(buckets, 0.99)).toBe(0.02);
  expect(() => quantile(new Map(), 0.5)).toThrow(RangeError);
});
