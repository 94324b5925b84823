import { beforeEach, expect, test } from '@jest/globals';
import { ManualClock, silentLogger } from '@sluice/core';
import { StaleConnections } from './stale-connections.js';

const first = '198.18.0.1';
const second = '198.18.0.2';

let clock: ManualClock;
/** Of each time, the addresses whose connections were ended. */
let ended: (readonly string[])[];
let fails: boolean;
let stale: StaleConnections;

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
};
const after = async (ms: number): Promise<void> => {
  clock.advance(ms);
  await turns();
};

beforeEach(() => {
  clock = new ManualClock();
  ended = [];
  fails = false;
  stale = new StaleConnections({
    clock,
    logger: silentLogger,
    end: (isStill) => {
      ended.push([first, second].filter(isStill));
      return fails ? Promise.reject(new Error('no switch')) : Promise.resolve();
    },
  });
});

test('connections of before are ended once, when another gateway has had the address for a while', async () => {
  stale.update(new Set([first]));
  await after(9999);
  expect(ended).toEqual([]);
  stale.update(new Set([first, second]));
  await after(1);
  expect(ended).toEqual([[first]]);
  await after(10_000);
  expect(ended).toEqual([[first], [second]]);
  await after(60_000);
  expect(ended).toHaveLength(2);
});

test("an address that is this gateway's again keeps its connections", async () => {
  stale.update(new Set([first]));
  await after(5000);
  stale.update(new Set());
  await after(1000);
  stale.update(new Set([first]));
  await after(4000);
  expect(ended).toEqual([]);
  await after(10_000);
  expect(ended).toEqual([[first]]);
});

test('after every loss anew', async () => {
  stale.update(new Set([first]));
  await after(10_000);
  stale.update(new Set());
  stale.update(new Set([first]));
  await after(10_000);
  expect(ended).toEqual([[first], [first]]);
});

test('what the switch refused is tried again', async () => {
  fails = true;
  stale.update(new Set([first]));
  await after(10_000);
  fails = false;
  await after(10_000);
  expect(ended).toEqual([[first], [first]]);
  await after(60_000);
  expect(ended).toHaveLength(2);
});

test('nothing is ended any more once it is stopped', async () => {
  stale.update(new Set([first]));
  stale.stop();
  await after(60_000);
  expect(ended).toEqual([]);
});
