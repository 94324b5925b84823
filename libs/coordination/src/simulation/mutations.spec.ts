import { expect, test } from '@jest/globals';
import { mutations } from './mutations.js';
import { runSeed } from './run.js';

/** Each broken variant is found within so many seeds; the correct rules hold for hundreds of times as many. */
const patience = 12_000;

function firstCaught(rules: (typeof mutations)[number]['rules']): number | undefined {
  for (let seed = 1; seed <= patience; seed++) {
    if (runSeed(seed, { rules }).violation !== undefined) return seed;
  }
  return undefined;
}

test('there are enough variants', () => {
  expect(mutations.length).toBeGreaterThanOrEqual(10);
});

test.each(mutations.map(({ name, rules }) => [name, rules] as const))('%s: is caught', (_, rules) => {
  expect(firstCaught(rules)).toBeDefined();
});
