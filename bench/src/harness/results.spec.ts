import { expect, test } from '@jest/globals';
import { mergeResults, requireSameSetup, type Results } from './results.js';
import { toRow } from './row.js';

const row = (id: string, value: number) => toRow({ id, unit: 'ms', samples: [value] });
const results = (at: string, ...rows: Results['rows']): Results => ({
  suite: 's',
  at,
  machine: { cores: 2 },
  versions: { sluice: '1' },
  rows,
});
const before = results('monday', row('a', 1), row('b', 2));

test('rows that were measured again take the place of the former ones, and say when', () => {
  expect(mergeResults(before, results('tuesday', row('c', 5), row('a', 4)))).toEqual({
    ...before,
    rows: [{ ...row('a', 4), at: 'tuesday' }, row('b', 2), { ...row('c', 5), at: 'tuesday' }],
  });
});

test('rows that are kept go on saying when they were measured', () => {
  const tuesday = mergeResults(before, results('tuesday', row('a', 4)));
  const [a, b] = mergeResults(tuesday, results('friday', row('b', 3))).rows;
  expect([a?.at, b?.at]).toEqual(['tuesday', 'friday']);
});

test('rows of another machine or version are not mixed in', () => {
  const elsewhere = { ...results('tuesday', row('a', 4)), machine: { cores: 64 } };
  expect(() => {
    requireSameSetup(before, elsewhere);
  }).toThrow('another machine');
  expect(mergeResults(before, elsewhere)).toBe(elsewhere);
});
