/** The text in which ids that rest pass from one leader to the next. */
import { expect, test } from '@jest/globals';
import { type RestingId } from '@sluice/model';
import fc from 'fast-check';
import { formatIds, parseIds } from './id-record.js';

const kinds = ['node', 'pool', 'egress', 'service'] as const;

const someIds: fc.Arbitrary<readonly RestingId[]> = fc
  .tuple(
    ...kinds.map((kind) =>
      fc
        .uniqueArray(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 2 })), {
          selector: ([id]) => id,
        })
        .map((all) => all.map(([id, seconds]): RestingId => ({ kind, id, untilMs: seconds * 1000 }))),
    ),
  )
  .map((lists) => lists.flatMap((list) => list.toSorted((a, b) => a.id - b.id)));

test('is read back as it was written', () => {
  fc.assert(fc.property(someIds, (ids) => expect(parseIds(formatIds(ids))).toEqual(ids)));
});

test('joins neighbours among service ids only', () => {
  const ids = (['egress', 'service'] as const).flatMap((kind) =>
    [1, 2, 3, 7].map((id): RestingId => ({ kind, id, untilMs: 5000 })),
  );
  expect(formatIds(ids)).toEqual({ node: '', pool: '', egress: '1:5 2:5 3:5 7:5', service: '1-3:5 7:5' });
});

test('passes over what is no id', () => {
  const lines = { node: '1:5 x 9-:5 5-2:5 :', other: '1:5' };
  expect(parseIds(lines)).toEqual([{ kind: 'node', id: 1, untilMs: 5000 }]);
});

test('has room for 65,535 service ids', () => {
  const ids = Array.from({ length: 65_535 }, (_, at): RestingId => ({
    kind: 'service',
    id: at + 1,
    untilMs: at < 30_000 ? 5000 : 6000,
  }));
  expect(formatIds(ids).service).toBe('1-30000:5 30001-65535:6');
});
