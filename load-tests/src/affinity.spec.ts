import { describe, expect, it } from '@jest/globals';
import { Affinity, type Change, isAllowed, type Lifetime } from './affinity.js';

const alive: Lifetime = { sinceMs: -Infinity };
const lives = (own: Readonly<Record<string, Lifetime>>) => new Map(Object.entries(own));
const change: Change = { client: '10.0.0.1', from: 'a', to: 'b', lastMs: 50_000, atMs: 60_000 };

describe('a client may meet another backend', () => {
  it('when its own has gone', () => {
    expect(isAllowed(change, lives({ a: { ...alive, untilMs: 55_000 }, b: alive }))).toBe(true);
  });
  it('when its own goes while that is told', () => {
    expect(isAllowed(change, lives({ a: { ...alive, untilMs: 61_000 }, b: alive }))).toBe(true);
  });
  it('when the other one is new', () => {
    expect(isAllowed(change, lives({ a: alive, b: { sinceMs: 55_000 } }))).toBe(true);
  });
});

describe('a client may not meet another backend', () => {
  it('while both live as before', () => {
    expect(isAllowed(change, lives({ a: alive, b: alive }))).toBe(false);
  });
  it('when its own goes later', () => {
    expect(isAllowed(change, lives({ a: { ...alive, untilMs: 90_000 }, b: alive }))).toBe(false);
  });
  it('when the other one was there long before', () => {
    expect(isAllowed(change, lives({ a: alive, b: { sinceMs: 40_000 } }))).toBe(false);
  });
  it('when nothing is known of either', () => {
    expect(isAllowed(change, new Map())).toBe(false);
  });
});

describe('the count', () => {
  const after = (...visits: readonly (readonly [client: string, backend: string, startMs: number])[]) => {
    const affinity = new Affinity();
    for (const [client, backend, startMs] of visits) affinity.met(client, backend, startMs);
    return affinity.summary(lives({ a: alive, b: alive }));
  };

  it('is of changes, client by client', () => {
    const seen = after(['x', 'a', 1], ['y', 'b', 2], ['x', 'a', 3], ['y', 'b', 4]);
    expect(seen).toEqual({ clients: 2, changes: 0, violations: 0 });
  });

  it('has every change without a reason as a violation', () => {
    expect(after(['x', 'a', 1], ['x', 'b', 2], ['x', 'a', 3])).toMatchObject({ changes: 2, violations: 2 });
  });

  it('leaves out what began before and ended later', () => {
    expect(after(['x', 'a', 1], ['x', 'b', 3], ['x', 'a', 2])).toMatchObject({ changes: 1 });
  });
});
