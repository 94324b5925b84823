import { expect, test } from '@jest/globals';
import { mergeResults, requireSameVersions, type Results } from './results.js';
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

test('rows of another machine say so', () => {
  const machine = { cores: 64 };
  const elsewhere = { ...results('tuesday', row('a', 4)), machine };
  expect(mergeResults(before, elsewhere).rows).toEqual([
    { ...row('a', 4), at: 'tuesday', machine },
    row('b', 2),
  ]);
});

test('rows of another version are not mixed in', () => {
  const newer = { ...results('tuesday', row('a', 4)), versions: { sluice: '2' } };
  expect(() => {
    requireSameVersions(before, newer);
  }).toThrow('another version');
  expect(mergeResults(before, newer)).toBe(newer);
});
