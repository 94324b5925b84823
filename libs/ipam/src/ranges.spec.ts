import { expect, test } from '@jest/globals';
import { formatCidr } from '@sluice/core';
import { blocksOf, parseRanges, type RangeText } from './ranges.js';

const blocks = (...texts: readonly RangeText[]): readonly string[] =>
  blocksOf(parseRanges(texts)).map(formatCidr);

test.each<[string, RangeText, readonly string[]]>([
  ['a block', { cidr: '198.18.0.96/27' }, ['198.18.0.96/27']],
  ['a range that is one', { start: '2001:db8:18::100', end: '2001:db8:18::1ff' }, ['2001:db8:18::100/120']],
  ['a single address', { start: '192.0.2.7', end: '192.0.2.7' }, ['192.0.2.7/32']],
  [
    'a range across borders',
    { start: '192.0.2.3', end: '192.0.2.10' },
    ['192.0.2.3/32', '192.0.2.4/30', '192.0.2.8/31', '192.0.2.10/32'],
  ],
  [
    'a block with a hole',
    { cidr: '192.0.2.0/29', except: ['192.0.2.0/31'] },
    ['192.0.2.2/31', '192.0.2.4/30'],
  ],
  ['everything', { cidr: '::/0' }, ['::/0']],
])('%s as blocks', (_, range, expected) => {
  expect(blocks(range)).toEqual(expected);
});
