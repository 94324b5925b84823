import { describe, expect, test } from '@jest/globals';
import { slotTimes } from '../constants.js';
import { machineOfA } from '../testing/one-slot.js';
import { type SlotEvent } from './events.js';
import { Hearing } from './hearing.js';

const { afterStallMs, bfdMs, beliefMs } = slotTimes;

describe('a silence of more than half of the nodes', () => {
  test('is believed at once', () => {
    const hearing = new Hearing(slotTimes);
    hearing.heard(0.4, 1000);
    expect(hearing.isCutOff(1000)).toBe(true);
    hearing.heard(0.5, 1100);
    expect(hearing.isCutOff(1100)).toBe(false);
  });

  test.each([
    ['before', 900],
    ['after', 1100],
  ])(
    'with a stall that is noticed %s it is believed when BFD has had time to come back',
    (_when, stalledAt) => {
      const hearing = new Hearing(slotTimes);
      if (stalledAt < 1000) hearing.stalled(stalledAt);
      hearing.heard(0, 1000);
      if (stalledAt > 1000) hearing.stalled(stalledAt);
      expect(hearing.isCutOff(1000 + afterStallMs - 1)).toBe(false);
      expect(hearing.isCutOff(1000 + afterStallMs)).toBe(true);
    },
  );

  test('is doubted once: stalls that go on do not keep a gateway that is cut off', () => {
    const hearing = new Hearing(slotTimes);
    hearing.stalled(1000);
    for (let now = 1000; now <= 1000 + afterStallMs; now += 100) {
      hearing.heard(0, now);
      hearing.stalled(now);
    }
    expect(hearing.isCutOff(1000 + afterStallMs)).toBe(true);
  });

  test('long after a stall is no silence of its own', () => {
    const hearing = new Hearing(slotTimes);
    hearing.stalled(1000);
    hearing.heard(0, 1001 + 2 * bfdMs);
    hearing.stalled(1002 + 4 * bfdMs);
    expect(hearing.isCutOff(1002 + 4 * bfdMs)).toBe(true);
  });
});

test('a holder whose store is silent closes when it is cut off, and stays while the silence may be its own', () => {
  const closedAfter = (stalls: boolean): number | undefined => {
    const machine = machineOfA();
    const gate = new Map([
      [7, { form: 'open', epoch: 5, other: undefined, parting: false, incarnation: 1 }],
    ] as const);
    let now = 1000;
    const handle = (event: SlotEvent) => machine.handle(event, now);
    const duty = { slot: 7, order: ['a', 'b'], recorded: { holder: 'a', epoch: 5 } };
    handle({ type: 'duties', duties: [duty], peers: ['b'], draining: new Set() });
    handle({ type: 'look', sentAt: now, answer: undefined, gate });
    now += beliefMs;
    const began = now;
    if (stalls) handle({ type: 'stalled' });
    handle({ type: 'bfd', peers: new Map([['b', false]]), shareUp: 0 });
    for (; now < began + 2 * afterStallMs; now += 100) {
      const effects = handle({ type: 'look', sentAt: now, answer: undefined, gate });
      if (effects.some(({ type }) => type === 'close')) return now - began;
    }
    return undefined;
  };
  expect(closedAfter(false)).toBe(0);
  expect(closedAfter(true)).toBe(afterStallMs);
});
