import { expect, it } from '@jest/globals';
import { toRow } from '../harness/row.js';
import { percentile } from '../harness/measure.js';
import { chaosTable } from './table.js';

const worst = (samples: readonly number[]) => percentile(samples, 99);

it('shows what was measured of each scenario, in their order, and what was not as such', () => {
  const rows = [
    toRow({ id: 'b.ping_gap_ms_p99', unit: 'ms', samples: [10, 30, 20], of: worst }),
    {
      ...toRow({ id: 'a.ping_gap_ms_p99', unit: 'ms', samples: [5.6], of: worst }),
      at: '2026-11-30T17:21:13Z',
    },
    toRow({ id: 'a.lost_pings', unit: '1', samples: [7] }),
  ];
  const scenarios = ['a', 'b', 'c'].map((id) => ({ id, title: `${id} breaks` }));
  const [, , ...lines] = chaosTable(scenarios, rows, '2026-11-01T00:00:00Z').split('\n');
  expect(lines).toEqual([
    '| a breaks | 1 | 7 | 6 / 6 | – / – | – / – | – | – | – | – | 2026-11-30 |',
    '| b breaks | 3 | – | 20 / 30 | – / – | – / – | – | – | – | – | 2026-11-01 |',
  ]);
});
