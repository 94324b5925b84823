import { setImmediate } from 'node:timers/promises';
import { beforeEach, expect, test } from '@jest/globals';
import { ManualClock, silentLogger } from '@sluice/core';
import { LeftBehind } from './left-behind.js';

let clock: ManualClock;
let asked: string[];
let works: boolean;
let left: LeftBehind;

beforeEach(() => {
  clock = new ManualClock();
  asked = [];
  works = true;
  left = new LeftBehind({
    ...{ clock, logger: silentLogger },
    end: (addresses) => {
      asked.push([...addresses].join());
      return works ? Promise.resolve(addresses.size) : Promise.reject(new Error('away'));
    },
  });
});

async function later(): Promise<void> {
  clock.advance(2000);
  await setImmediate();
}

test('each time that addresses have left, their connections are ended once and together', async () => {
  left.update(new Set(['a']));
  left.update(new Set(['a', 'b']));
  expect(asked).toEqual([]);
  await later();
  left.update(new Set(['a', 'b']));
  await later();
  expect(asked).toEqual(['a,b']);
  left.update(new Set(['a', 'b', 'c']));
  await later();
  expect(asked).toEqual(['a,b', 'c']);
  left.update(new Set(['b', 'c']));
  left.update(new Set(['a', 'b', 'c']));
  await later();
  expect(asked).toEqual(['a,b', 'c', 'a']);
});

test('an address that came back in time is let alone', async () => {
  left.update(new Set(['a', 'b']));
  left.update(new Set(['b']));
  await later();
  expect(asked).toEqual(['b']);
});

test('a switch that does not answer is asked again, until the process ends', async () => {
  works = false;
  left.update(new Set(['a']));
  await later();
  await later();
  expect(asked).toEqual(['a', 'a']);
  left.stop();
  await later();
  expect(asked).toHaveLength(2);
});
