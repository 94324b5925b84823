import { describe, expect, it } from '@jest/globals';
import { fleet, pool } from '../testing/objects.js';
import { rangesText, retiringSlots, shareOf, unheldSlots } from './ledger.js';

const pools = [
  pool('default', [
    { holder: 'gw-1', order: ['gw-1', 'gw-2'] },
    { holder: 'gw-2', previous: 'gw-1', order: ['gw-2', 'gw-1'] },
    { holder: 'gw-2', previous: 'gw-1', order: ['gw-1', 'gw-2'] },
    { order: ['gw-2', 'gw-1'] },
  ]),
];

describe('the ledger of slots', () => {
  it('knows what each gateway has, still serves and should have', () => {
    expect(shareOf('gw-1', pools)).toEqual({ held: 1, shared: 2, missing: 1 });
    expect(shareOf('gw-2', pools)).toEqual({ held: 2, shared: 0, missing: 1 });
  });

  it('names slots that nobody carries, and why', () => {
    expect(unheldSlots(fleet({ 'gw-1': 'Lost', 'gw-2': 'Draining' }, pools))).toEqual([
      { pool: 'default', slots: [0], why: 'gw-1 is Lost' },
      { pool: 'default', slots: [3], why: 'no holder' },
    ]);
    expect(unheldSlots(fleet({ 'gw-2': 'Ready' }, pools))[0]?.why).toBe('gw-1 does not exist');
  });

  it('names slots whose connections stay with the former holder', () => {
    expect(retiringSlots(pools)).toEqual([{ pool: 'default', slots: [1, 2], from: 'gw-1', to: 'gw-2' }]);
  });

  it.each([
    [[], ''],
    [[5], '5'],
    [[7, 1, 2, 3, 0], '0-3,7'],
  ])('writes %p as "%s"', (slots, text) => {
    expect(rangesText(slots)).toBe(text);
  });
});
