/** What is kept of Services, and for how long. */
import { expect, test } from '@jest/globals';
import { ServiceEntries } from './service-entries.js';
import { service, slice } from './testing/objects.js';

test('an entry is kept while something of its Service is there', () => {
  const entries = new ServiceEntries();
  const entry = entries.of('shop', 'web');
  expect(entries.of('shop', 'web')).toBe(entry);
  const web = slice([]);
  entry.service = service();
  entry.slices.add(web);
  entries.forgetIfEmpty(entry);
  entry.service = undefined;
  entries.forgetIfEmpty(entry);
  expect([...entries]).toEqual([entry]);
  entry.slices.delete(web);
  entries.forgetIfEmpty(entry);
  expect([...entries]).toEqual([]);
});
