import { describe, expect, test } from '@jest/globals';
import { type Mutation, mutations } from './mutations.js';
import { runSeed } from './run.js';

/** Seeds of an aimed schedule within which a broken variant is found; most of them find it at once. */
const patience = 100;
/** The sound rules pass at least so many of the same seeds. */
const leastSound = 20;

function firstCaught({ broken, kind, plan }: Mutation): number {
  const watched = new Set([kind]);
  for (let seed = 1; seed <= patience; seed++) {
    if (runSeed(seed, { rules: broken, plan, watched }).violation?.kind === kind) return seed;
  }
  return Infinity;
}

test('there are enough variants', () => {
  expect(mutations.length).toBeGreaterThanOrEqual(10);
});

describe.each(mutations.map((mutation) => [mutation.name, mutation] as const))('%s', (_, mutation) => {
  test(`is caught (${mutation.kind}), and the sound rules pass`, () => {
    const caught = firstCaught(mutation);
    expect(caught).toBeLessThanOrEqual(patience);
    const { sound: rules, plan } = mutation;
    for (let seed = 1; seed <= Math.max(caught, leastSound); seed++) {
      expect(runSeed(seed, { rules, plan }).violation).toBeUndefined();
    }
  });
});
