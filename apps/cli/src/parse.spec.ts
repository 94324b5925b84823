import { describe, expect, it } from '@jest/globals';
import { parseDuration } from './parse.js';

describe('a duration', () => {
  it.each([
    ['90s', 90_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['1h1s', 3_601_000],
  ])('%s', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(['', '5', 'm', '0s', '5 m', '5m3', '-5m', '1.5h'])('is not "%s"', (text) => {
    expect(() => parseDuration(text)).toThrow('90s');
  });
});
