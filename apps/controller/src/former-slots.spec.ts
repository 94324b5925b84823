import { expect, test } from '@jest/globals';
import { ManualClock } from '@sluice/core';
import { type EgressAddress } from '@sluice/kube';
import { FormerSlots } from './former-slots.js';

const allocation = (addresses: readonly string[], slot: number): EgressAddress => ({
  metadata: { name: 'any' },
  spec: { id: 1, pool: 'default', slot, addresses, claim: { kind: 'Namespace', name: 'billing', uid: 'u1' } },
});

test('each address of a released allocation has the slot that it had last, for ten minutes', () => {
  const clock = new ManualClock();
  const slots = new FormerSlots(clock);
  slots.released(allocation(['198.18.0.7', '2001:db8::7'], 3));
  clock.advance(300_000);
  slots.released(allocation(['198.18.0.8'], 5));
  slots.released(allocation(['198.18.0.7'], 4));
  const slotOf = (address: string) => slots.current().get(address)?.slot;
  expect(['198.18.0.7', '2001:db8::7', '198.18.0.8'].map(slotOf)).toEqual([4, 3, 5]);
  clock.advance(300_000);
  expect(['198.18.0.7', '2001:db8::7', '198.18.0.8'].map(slotOf)).toEqual([4, undefined, 5]);
  clock.advance(300_000);
  expect(slots.current().size).toBe(0);
});
