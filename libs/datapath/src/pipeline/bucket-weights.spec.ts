import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bucketWeights, plainWeight } from './bucket-weights.js';

/** Which share of hashes each bucket wins, as Open vSwitch chooses. */
function won(weights: readonly number[], draws: number): readonly number[] {
  const wins = weights.map(() => 0);
  // A generator of our own: the same numbers in every run (Numerical Recipes, ranqd1).
  let state = 1;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 16;
  };
  for (let draw = 0; draw < draws; draw++) {
    const scores = weights.map((weight) => next() * weight);
    const best = scores.indexOf(Math.max(...scores));
    wins[best] = (wins[best] ?? 0) + 1;
  }
  return wins.map((count) => count / draws);
}

const proportions = (shares: readonly number[]): readonly number[] => {
  const total = shares.reduce((sum, share) => sum + share, 0);
  return shares.map((share) => share / total);
};

describe('weights of buckets', () => {
  test('are plain where all shares are alike', () => {
    expect(bucketWeights([3, 3, 3])).toEqual([plainWeight, plainWeight, plainWeight]);
    expect(bucketWeights([7])).toEqual([plainWeight]);
  });

  test('of two to one are three to two', () => {
    const [first = 0, second = 0] = bucketWeights([2, 1]);
    expect(second / first).toBeCloseTo(2 / 3, 4);
  });

  test.each([
    [[2, 1]],
    [[95, 5]],
    [[1, 2, 3, 4]],
    [[100, 100, 100, 1]],
    [[1, 1, 1, 1, 1, 10]],
    [Array.from({ length: 60 }, (_, at) => (at < 30 ? 2 : 1))],
  ])('give the shares %j', (shares) => {
    const draws = 60_000;
    const seen = won(bucketWeights(shares), draws);
    for (const [at, expected] of proportions(shares).entries()) {
      // Five standard deviations, and what 16 bits cannot tell apart.
      const slack = 5 * Math.sqrt((expected * (1 - expected)) / draws) + 0.002;
      expect(Math.abs((seen[at] ?? 0) - expected)).toBeLessThan(slack);
    }
  });

  test('a greater share never has the smaller weight, and none is zero', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 200 }), (shares) => {
        const weights = bucketWeights(shares);
        for (const [at, share] of shares.entries()) {
          const weight = weights[at] ?? 0;
          expect(weight).toBeGreaterThanOrEqual(1);
          expect(weight).toBeLessThanOrEqual(0xffff);
          for (const [other, less] of shares.entries())
            if (less < share) expect(weights[other] ?? 0).toBeLessThanOrEqual(weight);
        }
      }),
    );
  });
});
