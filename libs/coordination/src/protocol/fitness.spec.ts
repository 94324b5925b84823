import { describe, expect, it } from '@jest/globals';
import { slotTimes } from '../constants.js';
import { machineOfA } from '../testing/one-slot.js';
import { type SlotEvent } from './events.js';

const { uplinkMs } = slotTimes;

/** Milliseconds from the first look at which no router had answered in time until slot 7 is given back. */
function givesBackAfter({ stalls = false, storeAnswers = true }): number | undefined {
  const machine = machineOfA();
  const gate = new Map([
    [7, { form: 'open', epoch: 5, other: undefined, parting: false, incarnation: 1 }],
  ] as const);
  const slots = new Map([[7, { holder: 'a', epoch: 5, released: false }]]);
  const answer = { kind: 'renewed', mark: 'm', leases: new Map(), slots } as const;
  const began = 1000;
  let now = began;
  const handle = (event: SlotEvent) => machine.handle(event, now);
  const duty = { slot: 7, order: ['a', 'b'], recorded: { holder: 'a', epoch: 5 } };
  handle({ type: 'duties', duties: [duty], peers: ['b'], draining: new Set() });
  handle({ type: 'look', sentAt: now, answer: storeAnswers ? answer : undefined, gate });
  for (; now < began + 5 * uplinkMs; now += 100) {
    if (stalls) handle({ type: 'stalled' });
    const effects = handle({ type: 'health', switchUp: true, uplinkUp: false });
    const closed = effects.find((effect) => effect.type === 'close');
    if (closed !== undefined) {
      expect([...closed.release]).toEqual([[7, 5]]);
      return now - began;
    }
  }
  return undefined;
}

describe('when no router answers, a holder gives back', () => {
  it('at once', () => {
    expect(givesBackAfter({})).toBe(0);
  });

  it('a second C later when it stood still, for answers may wait with it', () => {
    expect(givesBackAfter({ stalls: true })).toBe(uplinkMs);
  });

  it('at once when the store is silent, too: another one may soon take over', () => {
    expect(givesBackAfter({ stalls: true, storeAnswers: false })).toBe(0);
  });
});
