import { describe, expect, it } from '@jest/globals';
import { ManualClock } from './clock.js';

describe('ManualClock', () => {
  it('runs timers in the order of their time, at their time', () => {
    const clock = new ManualClock();
    const seen: [string, number][] = [];
    clock.after(20, () => seen.push(['late', clock.monotonicMs()]));
    clock.after(10, () => {
      seen.push(['early', clock.monotonicMs()]);
      clock.after(5, () => seen.push(['set meanwhile', clock.monotonicMs()]));
    });
    clock.advance(30);
    expect(seen).toEqual([
      ['early', 10],
      ['set meanwhile', 15],
      ['late', 20],
    ]);
    expect(clock.monotonicMs()).toBe(30);
  });

  it('forgets a cancelled timer', () => {
    const clock = new ManualClock();
    let called = false;
    const cancel = clock.after(10, () => {
      called = true;
    });
    cancel();
    clock.advance(100);
    expect(called).toBe(false);
  });
});
