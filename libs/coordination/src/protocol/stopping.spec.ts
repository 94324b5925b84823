import { describe, expect, test } from '@jest/globals';
import { gate, OneSlot, slot } from '../testing/one-slot.js';
import { type GateState } from './gate-form.js';

/** What it does when it is asked to stop soon after it has extended its entries. */
function stopped(entry: GateState | undefined, meanwhile: (bench: OneSlot) => void = () => undefined) {
  const bench = new OneSlot();
  bench.assign({ holder: 'a', epoch: 5 });
  for (let looks = 0; looks < 2; looks++) bench.look({ holder: 'a', epoch: 5, released: false }, entry);
  meanwhile(bench);
  return bench.handle({ type: 'stopping' });
}

describe('a gateway process that is asked to stop', () => {
  test('extends what it carries, however soon after the last time', () => {
    const entry = { slot, form: 'open', epoch: 5, other: undefined, parting: false };
    expect(stopped(gate('open', 5))).toEqual([{ type: 'modify', entries: [entry] }]);
  });

  test('opens and claims nothing', () => {
    expect(stopped(undefined)).toEqual([]);
  });

  test('extends nothing when it is cut off from the store and from every node', () => {
    const effects = stopped(gate('open', 5), (bench) => {
      bench.handle({ type: 'bfd', peers: new Map([['b', false]]), shareUp: 0 });
      bench.now += 60_000;
    });
    expect(effects).toEqual([]);
  });
});
