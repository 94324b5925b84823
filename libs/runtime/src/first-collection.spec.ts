import { expect, test } from '@jest/globals';
import { ManualClock } from '@sluice/core';
import { FirstCollection } from './first-collection.js';

test('garbage is collected once, when the process is ready', () => {
  const clock = new ManualClock();
  let isReady = false;
  let collected = 0;
  const first = new FirstCollection({ clock, isReady: () => isReady, collect: () => collected++ });
  first.start();
  clock.advance(60_000);
  expect(collected).toBe(0);
  isReady = true;
  clock.advance(10_000);
  expect(collected).toBe(1);
  clock.advance(60_000);
  expect(collected).toBe(1);
});

test('a process that ends before collects nothing', () => {
  const clock = new ManualClock();
  let collected = 0;
  const first = new FirstCollection({ clock, isReady: () => true, collect: () => collected++ });
  first.start();
  first.stop();
  clock.advance(60_000);
  expect(collected).toBe(0);
});
