/** A schedule that never comes near a rule says nothing about it. */
import { expect, test } from '@jest/globals';
import { type SlotEffect } from '../protocol/effects.js';
import { runSeed } from './run.js';
import { correct } from './rules.js';

const seeds = 400;

const rows = [
  'close after health', // rows 1, 2
  'uplink-down',
  'moved: mine-already', // row 3
  'assert', // row 4
  'close after look', // rows 5, 8
  'alarm: isolated',
  'moved: holder-dead', // row 9
  'listen',
  'moved: holder-gone', // row 10
  'moved: released', // row 11
  'moved: never-held',
  'moved: forgotten',
  'claim-in-map', // row 12
  'moved: store-silent',
  'close after announced', // row 13
  'close after claimed',
  'close after probed',
  'alarm: answered',
  'alarm: uplink-lost',
  'alarm: switch-lost',
  'retire',
  'moved: handed-over',
  'record',
];

const nameOf = (effect: SlotEffect, after: string): string => {
  if (effect.type === 'moved') return `moved: ${effect.why}`;
  if (effect.type === 'alarm') return `alarm: ${effect.kind}`;
  return effect.type === 'close' ? `close after ${after}` : effect.type;
};

test('the first seeds reach every row, every way to take a slot, and every alarm', () => {
  const seen = new Set<string>();
  let after = '';
  const rules = {
    ...correct,
    event: <T extends { readonly type: string }>(event: T): T => {
      after = event.type;
      return event;
    },
    effect: (effect: SlotEffect) => {
      seen.add(nameOf(effect, after));
      return [effect];
    },
  };
  let overlaps = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    if (runSeed(seed, { rules }).longestOverlap > 0) overlaps++;
  }
  expect(rows.filter((name) => !seen.has(name))).toEqual([]);
  // Row 13 is there for the one pair of faults that nothing else stands against.
  expect(overlaps).toBeGreaterThan(0);
});
