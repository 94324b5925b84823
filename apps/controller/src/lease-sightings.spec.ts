import { beforeEach, describe, expect, test } from '@jest/globals';
import { ManualClock } from '@sluice/core';
import { type Lease } from '@sluice/kube';
import { LeaseSightings } from './lease-sightings.js';

const hourMs = 3_600_000;
const start = Date.UTC(2026, 0, 1);

let clock: ManualClock;
let sightings: LeaseSightings;

beforeEach(() => {
  clock = new ManualClock(start);
  sightings = new LeaseSightings(clock);
});

const lease = (renewedMs: number): Lease => ({
  metadata: { namespace: 'sluice-system', name: 'gateway-gateway-1' },
  spec: { holderIdentity: 'gateway-1', renewTime: new Date(renewedMs).toISOString() },
});

/** Milliseconds since the start, by this process's clock. */
const seen = (renewedMs: number): number =>
  Date.parse(sightings.seen([lease(renewedMs)])[0]?.spec?.renewTime ?? '') - start;

test('at first sight a Lease is as old as it says', () => {
  clock.advance(60_000);
  expect(seen(start + 20_000)).toBe(20_000);
});

describe.each([
  ['an hour behind', -hourMs],
  ['an hour ahead', hourMs],
])('of a gateway whose clock is %s', (_, offMs) => {
  test('it is as old as the last change that was seen', () => {
    seen(start + offMs);
    clock.advance(3000);
    expect(seen(start + offMs + 3000)).toBe(3000);
    clock.advance(20_000);
    expect(seen(start + offMs + 3000)).toBe(3000);
  });
});

test('a clock that is set back while it runs makes no Lease older', () => {
  seen(start);
  clock.advance(3000);
  expect(seen(start - hourMs)).toBe(3000);
});

test('one of the future is new', () => {
  expect(seen(start + hourMs)).toBe(0);
});

test('after a time in which nobody looked a Lease is as old as it says again', () => {
  seen(start);
  sightings.forget();
  clock.advance(hourMs);
  expect(seen(start + 20_000)).toBe(20_000);
});

test('a Lease that nobody has renewed stays as it is', () => {
  const bare: Lease = { metadata: { namespace: 'sluice-system', name: 'gateway-gateway-1' } };
  expect(sightings.seen([bare])).toEqual([bare]);
});

describe('a renewal that is told', () => {
  test('says how long the one before has been, and counts from now on', () => {
    seen(start - hourMs);
    clock.advance(2000);
    expect(sightings.renewed(lease(start - hourMs + 2000))).toBe(hourMs + 2000);
    clock.advance(3000);
    expect(seen(start - hourMs + 2000)).toBe(2000);
    expect(sightings.renewed(lease(start - hourMs + 5000))).toBe(3000);
  });

  test('of a Lease that was never seen says nothing, and counts', () => {
    expect(sightings.renewed(lease(start - hourMs))).toBeUndefined();
    clock.advance(3000);
    expect(seen(start - hourMs)).toBe(0);
  });
});
