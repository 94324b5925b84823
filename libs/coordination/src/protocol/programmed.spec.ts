/** A process that does not know yet whether its switch has all flows: after a restart with many objects. */
import { expect, test } from '@jest/globals';
import { slotTimes } from '../constants.js';
import { type SlotEntry } from '../store.js';
import { type SlotEffect } from './effects.js';
import { type GateState } from './gate-form.js';
import { SlotMachine } from './machine.js';

const [first, second] = [1024, 1025];
const mine: SlotEntry = { holder: 'a', epoch: 5, released: false };
const open: GateState = { form: 'open', epoch: 5, other: undefined, incarnation: 1 };

/** Gateway `a`, alone, with two slots. */
class Bench {
  private now = 1000;
  private readonly machine = new SlotMachine({
    self: 'a',
    incarnation: 2,
    times: slotTimes,
    holdDownMs: 60_000,
    maxConcurrentMoves: 4,
    drainMs: 1000,
  });

  assign(programmed: boolean): void {
    const recorded = { holder: 'a', epoch: 5 };
    const duties = [first, second].map((slot) => ({ slot, order: ['a'], recorded }));
    this.machine.handle({ type: 'duties', duties, peers: [], draining: new Set(), programmed }, this.now);
  }

  look(slots: ReadonlyMap<number, SlotEntry>, gate: ReadonlyMap<number, GateState>): readonly SlotEffect[] {
    this.now += slotTimes.extendMs;
    const answer = { kind: 'renewed', mark: 'm', leases: new Map(), slots } as const;
    return this.machine.handle({ type: 'look', sentAt: this.now, answer, gate }, this.now);
  }
}

test('keeps what the process before left open, gives back what is not, and takes it when it knows', () => {
  const bench = new Bench();
  bench.assign(false);
  const gate = new Map([[first, open]]);
  const both = new Map([
    [first, mine],
    [second, mine],
  ]);
  expect(bench.look(both, gate)).toEqual([
    { type: 'close', slots: [second], release: new Map([[second, 5]]) },
    { type: 'modify', entries: [{ slot: first, form: 'open', epoch: 5, other: undefined }] },
  ]);
  const given = new Map([
    [first, mine],
    [second, { ...mine, released: true }],
  ]);
  const types = (): readonly string[] => bench.look(given, gate).map(({ type }) => type);
  expect(types()).toEqual(['modify']);
  expect(types()).toEqual(['modify']);
  bench.assign(true);
  expect(types()).toContain('arm');
});

test('keeps what the process before was leaving: its connections go on', () => {
  const bench = new Bench();
  bench.assign(false);
  const gate = new Map<number, GateState>([
    [first, open],
    [second, { ...open, form: 'retiring', other: 'b' }],
  ]);
  const both = new Map([
    [first, mine],
    [second, mine],
  ]);
  const effects = bench.look(both, gate);
  expect(effects.map(({ type }) => type)).toEqual(['modify']);
  expect(effects).toMatchObject([{ entries: [{ slot: first }, { slot: second, form: 'retiring' }] }]);
});
