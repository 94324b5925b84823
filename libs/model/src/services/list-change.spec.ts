/** What came and what went. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { listChange } from './list-change.js';

const list = fc.uniqueArray(fc.integer({ min: 0, max: 12 }));

test('says exactly what is in one list only', () => {
  fc.assert(
    fc.property(list, list, (before, after) => {
      expect(listChange(before, after)).toEqual({
        removed: new Set(before.filter((one) => !after.includes(one))),
        added: new Set(after.filter((one) => !before.includes(one))),
      });
    }),
  );
});
