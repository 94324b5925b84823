import { describe, expect, it } from '@jest/globals';
import { percentile } from './measure.js';
import { toRow } from './row.js';
import { renderTable } from './table.js';

const samples = [30, 10, 20];

describe('a row', () => {
  it('has the median, the extremes and the runs', () => {
    expect(toRow({ id: 'x', unit: 'ms', samples })).toEqual({
      ...{ id: 'x', value: 20, unit: 'ms', runs: 3, min: 10, max: 30 },
      ...{ peer: null, peerValue: null, ratio: null, goal: null, met: null },
    });
  });

  it('compares the same number of both sides', () => {
    const of = (all: readonly number[]) => percentile(all, 99);
    const row = toRow({ id: 'x', unit: 's', samples, of, peer: { name: 'other', samples: [40, 60] } });
    expect(row).toMatchObject({ value: 30, median: 20, peer: 'other', peerValue: 60, ratio: 0.5 });
  });

  it.each([
    [{ atMost: 20 }, '<= 20', true],
    [{ atMost: 19 }, '<= 19', false],
    [{ atLeast: 20 }, '>= 20', true],
    [{ atLeast: 21 }, '>= 21', false],
  ])('meets %j or not', (goal, text, met) => {
    expect(toRow({ id: 'x', unit: '1/s', samples, goal })).toMatchObject({ goal: text, met });
  });
});

describe('the table', () => {
  it('aligns numbers and leaves out what is not there', () => {
    const rows = [
      toRow({ id: 'latency', unit: 'ms', samples, goal: { atMost: 5 } }),
      toRow({ id: 'b', unit: 's', samples: [1], peer: { name: 'other', samples: [2] } }),
    ];
    expect(renderTable(rows)).toBe(
      [
        'row      value  unit  runs  min..max  peer     ratio  goal  met',
        'latency     20  ms       3    10..30                  <= 5  NO',
        'b            1  s        1      1..1  2 other    0.5',
      ].join('\n'),
    );
  });
});
