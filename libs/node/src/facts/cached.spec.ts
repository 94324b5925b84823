import { expect, test } from '@jest/globals';
import { Cached } from './cached.js';

test('reads once, and again when it was forgotten', async () => {
  const cached = new Cached<number>();
  let reads = 0;
  const read = () => Promise.resolve(++reads);
  expect([await cached.get(read), await cached.get(read), cached.current]).toEqual([1, 1, 1]);
  cached.forget();
  expect(cached.current).toBeUndefined();
  expect(await cached.get(read)).toBe(2);
});

test('does not keep what was read before a change that came meanwhile', async () => {
  const cached = new Cached<string>();
  let finish: (value: string) => void = () => undefined;
  const first = cached.get(() => new Promise<string>((resolve) => (finish = resolve)));
  cached.forget();
  finish('old');
  expect(await first).toBe('old');
  expect(cached.current).toBeUndefined();
  expect(await cached.get(() => Promise.resolve('new'))).toBe('new');
});
