import { expect, test } from '@jest/globals';
import { ConfigError } from '@sluice/core';
import { type SlotTimes, slotTimes } from './constants.js';
import { checkTimes, inequalities } from './inequalities.js';

/** The names of the inequalities that these constants break. */
function broken(change: Partial<SlotTimes>): readonly string[] {
  try {
    checkTimes({ ...slotTimes, ...change });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.code).toBe('SLUICE_CONFIG_INVALID');
    return inequalities
      .map(({ name }) => name)
      .filter((name) => error.message.includes(`inequality ${name} `));
  }
}

test('the constants that are delivered keep every inequality', () => {
  expect(broken({})).toEqual([]);
});

const breaking: readonly [string, Partial<SlotTimes>][] = [
  ['1', { beliefMs: 207 }],
  ['2', { renewMs: 91 }],
  ['3', { goneMs: 12_800 }],
  ['4a', { extendMs: 2001, restartMs: 0 }],
  ['4b', { restartMs: 5001 }],
  ['5', { bfdMs: 385 }],
  ['6', { silenceMs: 2099 }],
];

test.each(breaking)('inequality %s can be broken alone', (name, change) => {
  expect(broken(change)).toEqual([name]);
});

test('every inequality has a test that breaks it', () => {
  expect(breaking.map(([name]) => name)).toEqual(inequalities.map(({ name }) => name));
});

test('inequality 3 is exact: W + L = 2 (G + e) passes without drift, and one millisecond less does not', () => {
  const exact = {
    clockDrift: 0,
    goneMs: 2 * (slotTimes.gateMs + slotTimes.expiryLateMs) - slotTimes.leaseMs,
  };
  expect(broken(exact)).toEqual([]);
  expect(broken({ ...exact, goneMs: exact.goneMs - 1 })).toEqual(['3']);
});

test('a gate that runs out once, as a plain dead man counts, is not enough', () => {
  const { gateMs, expiryLateMs, leaseMs } = slotTimes;
  expect(broken({ clockDrift: 0, goneMs: gateMs + expiryLateMs - leaseMs })).toContain('3');
});

test('the complaint says the values and what to change', () => {
  expect(() => checkTimes({ ...slotTimes, silenceMs: 2000 })).toThrow(
    /silenceMs >= 2 \* uplinkMs \+ closeMs, but 2000 against 2100 ms .*raise silenceMs or lower uplinkMs/,
  );
});

test('a constant that is no time is named', () => {
  expect(() => checkTimes({ ...slotTimes, leaseMs: Number.NaN })).toThrow('leaseMs is NaN');
});
