import { describe, expect, it, test } from '@jest/globals';
import { totalSeconds } from './arrivals.js';
import { profileOf, profiles } from './profiles.js';

test('there are seven profiles', () => {
  const names = ['smoke', 'average', 'stress', 'spike', 'soak', 'breakpoint', 'churn'];
  expect(profiles.map(({ name }) => name)).toEqual(names);
});

describe.each(profiles)('$name', ({ stages, windowSeconds, limits }) => {
  it('has stages of some length, each beginning and ending at some rate', () => {
    for (const { seconds, from, to } of stages) {
      expect(seconds).toBeGreaterThan(0);
      expect(Math.min(from, to)).toBeGreaterThanOrEqual(0);
      expect(Math.max(from, to)).toBeGreaterThan(0);
    }
  });
  it('has at least two windows', () =>
    expect(totalSeconds(stages)).toBeGreaterThanOrEqual(2 * windowSeconds));
  it('notices a SYN in a hundred that is lost', () => expect(limits.connectP99Ms).toBeLessThan(1000));
});

test('smoke and churn leave most of ten minutes', () => {
  const seconds = ['smoke', 'churn'].map((name) => totalSeconds(profileOf(name).stages));
  expect(seconds.reduce((sum, one) => sum + one)).toBeLessThan(300);
});

test('an unknown name is answered with those that there are', () => {
  expect(() => profileOf('smoky')).toThrow('there is no profile "smoky"; there are smoke, average');
});
