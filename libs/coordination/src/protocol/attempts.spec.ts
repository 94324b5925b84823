import { describe, expect, test } from '@jest/globals';
import { slotTimes } from '../constants.js';
import { type SlotEntry, type SlotId } from '../store.js';
import { gate, machineOfA } from '../testing/one-slot.js';
import { type SlotEffect } from './effects.js';
import { type GateState } from './gate-form.js';

const slots: readonly SlotId[] = [1024, 1025];
const [first = 0, second = 0] = slots;

/** Gateway `a`; both slots are those of `b`, whose lease and BFD are gone. */
class Takeover {
  private now = 1000;
  private gate: ReadonlyMap<SlotId, GateState> = new Map();
  private entry: SlotEntry = { holder: 'b', epoch: 5, released: false };
  private readonly machine = machineOfA();

  constructor() {
    this.machine.handle(
      {
        type: 'duties',
        duties: slots.map((slot) => ({ slot, order: ['b', 'a'], recorded: undefined })),
        peers: ['b'],
        draining: new Set(),
      },
      this.now,
    );
    for (const up of [true, false]) {
      this.machine.handle({ type: 'bfd', peers: new Map([['b', up]]), shareUp: 0.5 }, this.now);
    }
    this.look();
  }

  look(incarnation?: string): readonly SlotEffect[] {
    this.now += slotTimes.renewMs;
    const leases = new Map([['b', { incarnation, renewals: 7, heard: 0 }]]);
    const entries = new Map(slots.map((slot) => [slot, this.entry]));
    const answer = { kind: 'renewed', mark: 'm', leases, slots: entries } as const;
    return this.machine.handle({ type: 'look', sentAt: this.now, answer, gate: this.gate }, this.now);
  }

  /** So long after what was before, another gateway answers. */
  answeredLate(afterMs: number, late: readonly SlotId[]): readonly SlotEffect[] {
    this.now += afterMs;
    this.gate = new Map();
    return this.machine.handle({ type: 'answered-late', slots: new Set(late) }, this.now);
  }

  /** From the look that begins it to the round; what follows when `answered` were heard in that. */
  attempt(answered: readonly SlotId[]): readonly SlotEffect[] {
    const [armed] = this.look();
    if (armed?.type !== 'arm') throw new Error(`an attempt was to begin, not ${armed?.type ?? 'nothing'}`);
    const { attempt } = armed;
    expect(armed.slots).toEqual(slots);
    this.machine.handle({ type: 'armed', attempt, ok: true }, this.now);
    this.entry = { holder: 'a', epoch: 6, released: false };
    const answers = new Map(slots.map((slot) => [slot, { kind: 'claimed', epoch: 6 } as const]));
    this.machine.handle({ type: 'claimed', attempt, answers }, this.now);
    const round = { type: 'probed', attempt, answered: new Set(answered), control: true } as const;
    const effects = this.machine.handle(round, this.now);
    this.gate = new Map(opened(effects).map((slot) => [slot, gate('open', 6)]));
    return effects;
  }
}

const opened = (effects: readonly SlotEffect[]): readonly SlotId[] =>
  effects.flatMap((effect) => (effect.type === 'modify' ? effect.entries.map(({ slot }) => slot) : []));
const closed = (effects: readonly SlotEffect[]): readonly SlotId[] =>
  effects.flatMap((effect) => (effect.type === 'close' ? effect.slots : []));

describe('a takeover', () => {
  test('opens when nobody answers', () => {
    expect(opened(new Takeover().attempt([]))).toEqual(slots);
  });

  test('opens nothing of a holder that answers for a part: it may be slow', () => {
    const takeover = new Takeover();
    const effects = takeover.attempt([second]);
    expect([opened(effects), closed(effects)]).toEqual([[], slots]);
    expect(opened(takeover.attempt([]))).toEqual(slots);
  });

  test('raises one alarm when answers go on', () => {
    const takeover = new Takeover();
    expect(takeover.attempt([first]).filter(({ type }) => type === 'alarm')).toEqual([]);
    const alarms = takeover.attempt(slots).filter(({ type }) => type === 'alarm');
    expect(alarms).toEqual([{ type: 'alarm', kind: 'answered', slots }]);
  });

  test('closes all that it has of a holder that answers behind the round, and asks again', () => {
    const takeover = new Takeover();
    takeover.attempt([]);
    expect(takeover.answeredLate(300, [first])).toEqual([
      { type: 'close', slots, release: new Map() },
      { type: 'alarm', kind: 'answered-late', slots },
    ]);
    expect(opened(takeover.attempt([]))).toEqual(slots);
  });

  test('is announced again when the one that was taken for dead is back, once', () => {
    const takeover = new Takeover();
    takeover.attempt([]);
    const again = (incarnation?: string) =>
      takeover.look(incarnation).filter(({ type }) => type === 'announce-again');
    expect([again(), again('b1'), again('b1')]).toEqual([[], [{ type: 'announce-again', slots }], []]);
  });

  test('stays when an answer comes that is not to its question', () => {
    const takeover = new Takeover();
    takeover.attempt([]);
    expect(takeover.answeredLate(1000, slots)).toEqual([]);
  });
});
