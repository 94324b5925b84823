import { expect, test } from '@jest/globals';
import { Lifetimes } from './lifetimes.js';

const after = (...lines: readonly string[]): Lifetimes => {
  const lifetimes = new Lifetimes();
  lines.forEach((line, at) => (line === 'begin' ? lifetimes.begin() : lifetimes.read(line, at)));
  return lifetimes;
};

test('who serves at the beginning was there always', () => {
  const { lives } = after('a//True', 'b//False', 'begin');
  expect([...lives]).toEqual([['a', { sinceMs: -Infinity }]]);
});

test('a newcomer serves once it is ready', () => {
  const { lives } = after('begin', 'a//', 'a//False', 'a//True', 'a//True');
  expect(lives.get('a')).toEqual({ sinceMs: 3 });
});

test('one that is being deleted serves no more, ready or not', () => {
  const deleted = '2026-01-01T00:00:00Z';
  const lifetimes = after('a//True', 'b//True', 'begin', `a/${deleted}/True`, `a/${deleted}/False`);
  expect(lifetimes.lives.get('a')).toEqual({ sinceMs: -Infinity, untilMs: 3 });
  expect(lifetimes.serving()).toEqual(['b']);
});

test('lines without a name say nothing', () => expect(after('', '//').lives.size).toBe(0));
