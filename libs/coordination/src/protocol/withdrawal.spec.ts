import { describe, expect, test } from '@jest/globals';
import { slotTimes } from '../constants.js';
import { type SlotEntry } from '../store.js';
import { type SlotEffect } from './effects.js';
import { type Recorded, type SlotEvent } from './events.js';
import { type GateState } from './gate-form.js';
import { SlotMachine } from './machine.js';

const slot = 1024;
const drainMs = 300_000;

/** Gateway `a` of two, with one slot; every `look` shows what the world is then. */
class Bench {
  now = 1000;
  readonly machine = new SlotMachine({
    self: 'a',
    incarnation: 1,
    times: slotTimes,
    holdDownMs: 60_000,
    maxConcurrentMoves: 4,
    drainMs,
  });

  assign(recorded: Recorded | undefined, draining: readonly string[] = []): void {
    this.handle({
      type: 'duties',
      duties: [{ slot, order: ['a', 'b'], recorded }],
      peers: ['b'],
      draining: new Set(draining),
    });
  }

  look(entry: SlotEntry, gate?: GateState): readonly SlotEffect[] {
    this.now += slotTimes.renewMs;
    const leases = new Map([['b', { incarnation: 'b1', renewals: this.now, heard: 1 }]]);
    const answer = { kind: 'renewed', mark: 'm', leases, slots: new Map([[slot, entry]]) } as const;
    const table = new Map(gate === undefined ? [] : [[slot, gate]]);
    return this.handle({ type: 'look', sentAt: this.now, answer, gate: table });
  }

  handle(event: SlotEvent): readonly SlotEffect[] {
    return this.machine.handle(event, this.now);
  }
}

const gate = (form: GateState['form'], epoch: number, other?: string): GateState => {
  return { form, epoch, other, incarnation: 1 };
};
const types = (effects: readonly SlotEffect[]): readonly string[] => effects.map(({ type }) => type);

describe('the gateway that left', () => {
  const left = (): Bench => {
    const bench = new Bench();
    const before: SlotEntry = { holder: 'a', epoch: 5, released: false };
    bench.assign({ holder: 'a', epoch: 5 }, ['a']);
    expect(types(bench.look(before, gate('open', 5)))).toContain('retire');
    bench.handle({ type: 'retired', slot, ok: true });
    bench.handle({ type: 'handed-over', slot, answer: { kind: 'handed-over', epoch: 6 } });
    bench.look({ holder: 'b', epoch: 6, released: false }, gate('retiring', 5, 'b'));
    return bench;
  };
  const unused = { type: 'unused', slots: new Set([slot]) } as const;

  test('withdraws when its last connection has ended', () => {
    const bench = left();
    bench.assign({ holder: 'b', epoch: 6, previous: 'a' }, ['a']);
    bench.now += 5000;
    expect(bench.handle(unused)).toEqual([
      { type: 'close', slots: [slot], release: new Map() },
      { type: 'withdraw', slots: [slot] },
    ]);
    expect(bench.machine.retiring.size).toBe(0);
  });

  test('withdraws when its time is over, and closes when agents have heard of it', () => {
    const bench = left();
    bench.assign({ holder: 'b', epoch: 6, previous: 'a' }, ['a']);
    const look = () =>
      bench
        .look({ holder: 'b', epoch: 6, released: false }, gate('retiring', 5, 'b'))
        .filter(({ type }) => type === 'withdraw' || type === 'close');
    bench.now += drainMs;
    expect(look()).toEqual([{ type: 'withdraw', slots: [slot] }]);
    bench.assign({ holder: 'b', epoch: 6 }, ['a']);
    bench.now += 4000;
    expect(look()).toEqual([]);
    bench.now += 1000;
    expect(look()).toEqual([{ type: 'close', slots: [slot], release: new Map() }]);
  });

  test('stays until its successor says that it has opened', () => {
    const bench = left();
    bench.now += 5000;
    expect(bench.handle(unused)).toEqual([]);
  });

  test('stays while agents may not have heard of the move', () => {
    const bench = left();
    bench.assign({ holder: 'b', epoch: 6, previous: 'a' }, ['a']);
    bench.now += 1000;
    expect(bench.handle(unused)).toEqual([]);
  });
});

describe('the gateway that left and died before its last connection ended', () => {
  const entry: SlotEntry = { holder: 'b', epoch: 6, released: false };

  test('withdraws when it is back, again until the map has heard it', () => {
    const bench = new Bench();
    const withdrawals = (looks: number) =>
      Array.from({ length: looks }, () => bench.look(entry))
        .flat()
        .filter(({ type }) => type === 'withdraw');
    bench.assign({ holder: 'b', epoch: 6, previous: 'a' });
    expect(withdrawals(2)).toEqual([]);
    bench.now += 5000;
    expect(withdrawals(3)).toEqual([{ type: 'withdraw', slots: [slot] }]);
    bench.now += 5000;
    expect(withdrawals(1)).toHaveLength(1);
    bench.assign({ holder: 'b', epoch: 6 });
    bench.now += 5000;
    expect(withdrawals(1)).toEqual([]);
  });

  test('stays while it has something of the slot', () => {
    const bench = new Bench();
    bench.assign({ holder: 'b', epoch: 6, previous: 'a' });
    bench.look(entry, gate('retiring', 5, 'b'));
    bench.now += 5000;
    expect(types(bench.look(entry, gate('retiring', 5, 'b')))).not.toContain('withdraw');
  });
});

describe('the gateway that took over', () => {
  const entry: SlotEntry = { holder: 'a', epoch: 6, released: false };

  test.each([
    ['asks the former holder while that one is in the map', { holder: 'a', epoch: 6, previous: 'b' }, 'b'],
    ['asks it before the map says anything', { holder: 'b', epoch: 5 }, 'b'],
    ['asks nobody when it has withdrawn', { holder: 'a', epoch: 6 }, undefined],
  ])('%s', (_, recorded, other) => {
    const bench = new Bench();
    bench.assign(recorded);
    bench.look(entry, gate('open', 6, 'b'));
    bench.now += slotTimes.extendMs;
    const effects = bench.look(entry, gate('open', 6, other));
    expect(effects.find(({ type }) => type === 'modify')).toEqual({
      type: 'modify',
      entries: [{ slot, form: 'open', epoch: 6, other }],
    });
  });
});
