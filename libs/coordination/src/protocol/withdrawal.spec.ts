import { describe, expect, test } from '@jest/globals';
import { slotTimes } from '../constants.js';
import { type SlotEntry } from '../store.js';
import { drainMs, gate, OneSlot, slot } from '../testing/one-slot.js';
import { type SlotEffect } from './effects.js';
import { type Recorded } from './events.js';
import { type GateState } from './gate-form.js';

const types = (effects: readonly SlotEffect[]): readonly string[] => effects.map(({ type }) => type);

describe('the gateway that left', () => {
  const left = (): OneSlot => {
    const bench = new OneSlot();
    const before: SlotEntry = { holder: 'a', epoch: 5, released: false };
    bench.assign({ holder: 'a', epoch: 5 }, ['a']);
    expect(types(bench.look(before, gate('open', 5)))).toContain('retire');
    bench.handle({ type: 'retired', slot, ok: true });
    bench.handle({ type: 'handed-over', slot, answer: { kind: 'handed-over', epoch: 6 } });
    bench.look({ holder: 'b', epoch: 6, released: false }, gate('retiring', 5, 'b'));
    return bench;
  };
  const unused = { type: 'unused', slots: new Set([slot]) } as const;

  const lookOf = (bench: OneSlot) =>
    bench
      .look({ holder: 'b', epoch: 6, released: false }, gate('retiring', 5, 'b'))
      .filter(({ type }) => type === 'withdraw' || type === 'close');

  function expectClosedLater(bench: OneSlot): void {
    bench.assign({ holder: 'b', epoch: 6 }, ['a']);
    bench.now += 4000;
    expect(lookOf(bench)).toEqual([]);
    bench.now += 1000;
    expect(lookOf(bench)).toEqual([{ type: 'close', slots: [slot], release: new Map() }]);
    expect(bench.machine.retiring.size).toBe(0);
  }

  test('withdraws when its last connection has ended, and closes when everybody has heard of it', () => {
    const bench = left();
    bench.assign({ holder: 'b', epoch: 6, previous: 'a' }, ['a']);
    bench.now += 5000;
    expect(bench.handle(unused)).toEqual([{ type: 'withdraw', slots: [slot] }]);
    expect(bench.handle(unused)).toEqual([]);
    expectClosedLater(bench);
  });

  test('withdraws when its time is over, and closes when everybody has heard of it', () => {
    const bench = left();
    bench.assign({ holder: 'b', epoch: 6, previous: 'a' }, ['a']);
    bench.now += drainMs;
    expect(lookOf(bench)).toEqual([{ type: 'withdraw', slots: [slot] }]);
    expectClosedLater(bench);
  });

  test('closes when the map has its successor alone: nobody asks it', () => {
    const bench = left();
    bench.assign({ holder: 'b', epoch: 6 }, ['a']);
    bench.now += 4000;
    expect(lookOf(bench)).toEqual([]);
    bench.now += 1000;
    expect(lookOf(bench)).toEqual([{ type: 'close', slots: [slot], release: new Map() }]);
  });

  test.each([
    ['itself', { holder: 'a', epoch: 5 }],
    ['its successor of before', { holder: 'b', epoch: 4 }],
    ['its successor, and that it serves its own connections', { holder: 'b', epoch: 6, previous: 'a' }],
    ['nobody', undefined],
  ])('stays while the map has %s', (_who, recorded) => {
    const bench = left();
    bench.assign(recorded, ['a']);
    bench.now += drainMs / 2;
    expect(lookOf(bench)).toEqual([]);
  });

  test.each([
    ['itself', { holder: 'a', epoch: 5 }],
    ['its predecessor', { holder: 'b', epoch: 4 }],
  ])(
    'stays beyond its time while the map has %s, and withdraws when it has heard of the move',
    (_, recorded) => {
      const bench = left();
      bench.assign(recorded, ['a']);
      bench.now += 2 * drainMs;
      expect(lookOf(bench)).toEqual([]);
      bench.assign({ holder: 'b', epoch: 6, previous: 'a' }, ['a']);
      expect(lookOf(bench)).toEqual([{ type: 'withdraw', slots: [slot] }]);
      expectClosedLater(bench);
    },
  );

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
    const bench = new OneSlot();
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
    const bench = new OneSlot();
    bench.assign({ holder: 'b', epoch: 6, previous: 'a' });
    bench.look(entry, gate('retiring', 5, 'b'));
    bench.now += 5000;
    expect(types(bench.look(entry, gate('retiring', 5, 'b')))).not.toContain('withdraw');
  });
});

describe('the gateway that took over', () => {
  const entry: SlotEntry = { holder: 'a', epoch: 6, released: false };

  const began = (recorded: Recorded): OneSlot => {
    const bench = new OneSlot();
    bench.assign(recorded);
    bench.look(entry, gate('open', 6, 'b'));
    return bench;
  };
  /** What it makes of its entry, which is as given, `ms` later. */
  const later = (bench: OneSlot, ms: number, before: GateState) => {
    bench.now += ms;
    const effect = bench.look(entry, before).find(({ type }) => type === 'modify');
    return effect?.type === 'modify' ? effect.entries[0] : undefined;
  };
  const shares = { slot, form: 'open', epoch: 6, other: 'b', parting: false };
  const parts = { ...shares, parting: true };
  const alone = { ...shares, other: undefined };

  test.each([
    ['while that one is in the map', { holder: 'a', epoch: 6, previous: 'b' }],
    ['before the map says anything', { holder: 'b', epoch: 5 }],
  ])('asks the former holder %s', (_, recorded) => {
    expect(later(began(recorded), slotTimes.extendMs, gate('open', 6, 'b'))).toEqual(shares);
  });

  test('asks it for a while when it has withdrawn, and keeps the ports of what comes over', () => {
    const bench = began({ holder: 'a', epoch: 6, previous: 'b' });
    bench.assign({ holder: 'a', epoch: 6 });
    expect(later(bench, 0, gate('open', 6, 'b'))).toEqual(parts);
    expect(later(bench, slotTimes.extendMs, gate('open', 6, 'b', true))).toEqual(parts);
    expect(later(bench, 2500, gate('open', 6, 'b', true))).toEqual(alone);
  });

  test('does not write its name into the map again', () => {
    const bench = began({ holder: 'a', epoch: 6, previous: 'b' });
    bench.assign({ holder: 'a', epoch: 6 });
    bench.now += 1000;
    expect(types(bench.look(entry, gate('open', 6, 'b', true)))).not.toContain('record');
  });

  test('keeps ports before the time of the former holder is over, and asks until it is long over', () => {
    const bench = began({ holder: 'a', epoch: 6, previous: 'b' });
    expect(later(bench, drainMs - 3000, gate('open', 6, 'b'))).toEqual(shares);
    expect(later(bench, 1000, gate('open', 6, 'b'))).toEqual(parts);
    expect(later(bench, 4000, gate('open', 6, 'b', true))).toEqual(parts);
    expect(later(bench, 1000, gate('open', 6, 'b', true))).toEqual(alone);
  });
});

describe('the gateway that takes over while the lease of the other one is late', () => {
  const others: SlotEntry = { holder: 'b', epoch: 5, released: false };
  const mine: SlotEntry = { holder: 'a', epoch: 6, released: false };

  /** All that the last step of the attempt, which begins with the look at `entry`, changes in the gate. */
  function opened(bench: OneSlot, entry: SlotEntry) {
    const arm = bench.look(entry, undefined, false).find(({ type }) => type === 'arm');
    if (arm?.type !== 'arm') throw new Error('it does not arm');
    const { attempt } = arm;
    bench.handle({ type: 'armed', attempt, ok: true });
    bench.handle({ type: 'claimed', attempt, answers: new Map([[slot, { kind: 'claimed', epoch: 6 }]]) });
    const effects = bench.handle({ type: 'probed', attempt, answered: new Set(), control: true });
    const modify = effects.find(({ type }) => type === 'modify');
    return modify?.type === 'modify' ? modify.entries[0]?.other : undefined;
  }

  test('asks it when it has handed over a moment ago', () => {
    const bench = new OneSlot();
    bench.assign({ holder: 'b', epoch: 5 });
    bench.look(others);
    expect(opened(bench, mine)).toBe('b');
  });
});
