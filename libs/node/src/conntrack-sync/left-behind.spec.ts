import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ManualClock, silentLogger } from '@sluice/core';
import { type GateEntry } from '@sluice/datapath';
import { type SlotView } from '@sluice/model';
import { LeftBehind } from './left-behind.js';

const [self, other] = ['gateway-1', 'gateway-2'];

let clock: ManualClock;
let inGate: readonly number[];
let asked: string[];
let works: boolean;
let left: LeftBehind;

const entry = (slot: number): GateEntry => ({
  ...{ slot, form: 'retiring', epoch: 1, otherHolder: 0, incarnation: 1 },
});

beforeEach(() => {
  clock = new ManualClock();
  inGate = [];
  asked = [];
  works = true;
  left = new LeftBehind({
    ...{ clock, logger: silentLogger },
    gate: { gateEntries: () => Promise.resolve(inGate.map(entry)) },
    end: (addresses) => {
      asked.push([...addresses].join());
      return works ? Promise.resolve(addresses.size) : Promise.reject(new Error('away'));
    },
  });
});
afterEach(() => left.stop());

/** Slot n has the address "n". */
function held(...holders: readonly (string | undefined)[]): void {
  const slots = holders.map((holder, slot) => ({
    ...{ slot, pool: 'default', ordinal: slot, order: [self, other], addresses: [String(slot)] },
    recorded: { holder, epoch: 1 },
  })) as unknown as SlotView['slots'];
  left.update({ self, nodeId: 1, slots, peers: [], draining: new Set(), nextHops: [] });
}

async function later(): Promise<void> {
  clock.advance(2000);
  await setImmediate();
}

test('each time that addresses have left, their connections are ended once and together', async () => {
  for (const holders of [
    [self, other, other],
    [self, other, other],
    [other, other, other],
    [other, self, other],
    [other, other, other],
  ]) {
    held(...holders);
    await later();
  }
  expect(asked).toEqual(['1,2', '0', '1']);
});

test('nothing is ended of a slot that nobody holds', async () => {
  held(undefined, self);
  await later();
  expect(asked).toEqual([]);
});

test('what is still in the gate waits until it is not', async () => {
  held(other, other);
  inGate = [0];
  await later();
  await later();
  expect(asked).toEqual(['1']);
  inGate = [];
  await later();
  expect(asked).toEqual(['1', '0']);
});

test('a switch that does not answer is asked again, until the process ends', async () => {
  works = false;
  held(other);
  await later();
  await later();
  expect(asked).toEqual(['0', '0']);
  left.stop();
  await later();
  expect(asked).toHaveLength(2);
});
