import { expect, test } from '@jest/globals';
import { ManualClock } from '@sluice/core';
import { ChangeTimes } from './change-times.js';

function bench() {
  const clock = new ManualClock();
  const told: unknown[] = [];
  const logger = { warn: (what: unknown) => told.push(what) };
  const seen: [string, number][] = [];
  const seconds = {
    observe: ({ resource = '' }: { readonly resource?: string | number }, value: number) =>
      seen.push([String(resource), value]),
  };
  const times = new ChangeTimes({ clock, logger, seconds: seconds as never });
  return { clock, told, seen, times };
}

test('a change counts from its event to the end of the pass that covers it, an object once', () => {
  const { clock, seen, times } = bench();
  times.changed('services', 'shop/web');
  clock.advance(10);
  times.changed('services', 'shop/web');
  times.changed('nodes', 'worker-1');
  const covered = times.begin();
  times.changed('services', 'shop/late');
  clock.advance(20);
  covered.done();
  expect(seen).toEqual([
    ['services', 0.03],
    ['nodes', 0.02],
  ]);
});

test('what a failed pass should have done waits from its first event on', () => {
  const { clock, seen, times } = bench();
  times.changed('services', 'shop/web');
  const failed = times.begin();
  clock.advance(500);
  times.changed('services', 'shop/web');
  failed.failed();
  times.begin().done();
  expect(seen).toEqual([['services', 0.5]]);
});

test('the slowest object is named when it took more than a second', () => {
  const { clock, told, times } = bench();
  times.changed('services', 'shop/web');
  clock.advance(1500);
  times.changed('services', 'shop/other');
  times.begin().done();
  expect(told).toEqual([expect.objectContaining({ object: 'shop/web', ms: 1500, changes: 2 })]);
});
