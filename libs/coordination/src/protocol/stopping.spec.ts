import { describe, expect, test } from '@jest/globals';
import { slotTimes } from '../constants.js';
import { type GateState } from './gate-form.js';
import { SlotMachine } from './machine.js';

const slot = 1024;

/** Gateway `a`, which looks every `renewMs` and is asked to stop between two extensions. */
class Stopping {
  now = 1000;
  readonly machine = new SlotMachine({
    self: 'a',
    incarnation: 1,
    times: slotTimes,
    holdDownMs: 60_000,
    maxConcurrentMoves: 4,
    drainMs: 300_000,
  });

  constructor(private readonly gate: GateState | undefined) {
    const recorded = { holder: 'a', epoch: 5 };
    const duties = [{ slot, order: ['a', 'b'], recorded }];
    this.machine.handle({ type: 'duties', duties, peers: ['b'], draining: new Set() }, this.now);
    this.look();
    this.look();
  }

  look(): void {
    this.now += slotTimes.renewMs;
    const leases = new Map([['b', { incarnation: 'b1', renewals: this.now, heard: 1 }]]);
    const slots = new Map([[slot, { holder: 'a', epoch: 5, released: false }]]);
    const answer = { kind: 'renewed', mark: 'm', leases, slots } as const;
    const gate = new Map(this.gate === undefined ? [] : [[slot, this.gate]]);
    this.machine.handle({ type: 'look', sentAt: this.now, answer, gate }, this.now);
  }

  stop() {
    return this.machine.handle({ type: 'stopping' }, this.now);
  }
}

const open: GateState = { form: 'open', epoch: 5, other: undefined, parting: false, incarnation: 1 };

describe('a gateway process that is asked to stop', () => {
  test('extends what it carries, however soon after the last time', () => {
    expect(new Stopping(open).stop()).toEqual([
      { type: 'modify', entries: [{ slot, form: 'open', epoch: 5, other: undefined, parting: false }] },
    ]);
  });

  test('opens and claims nothing', () => {
    expect(new Stopping(undefined).stop()).toEqual([]);
  });

  test('extends nothing when it is cut off from the store and from every node', () => {
    const bench = new Stopping(open);
    bench.machine.handle({ type: 'bfd', peers: new Map([['b', false]]), shareUp: 0 }, bench.now);
    bench.now += 60_000;
    expect(bench.stop()).toEqual([]);
  });
});
