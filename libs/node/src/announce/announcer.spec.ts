import { expect, test } from '@jest/globals';
import { ManualClock } from '@sluice/core';
import { Announcer } from './announcer.js';

const mac = '02:5c:18:00:00:03';

/** A clock whose process may stand still: time goes on, and timers wait. */
class StandingClock extends ManualClock {
  private stoodMs = 0;

  override monotonicMs(): number {
    return super.monotonicMs() + this.stoodMs;
  }

  /** Timers that were due meanwhile run now, all at the same time. */
  standStill(ms: number): void {
    for (let step = 0; step < ms; step++) {
      this.stoodMs = ms - step;
      this.advance(1);
    }
    this.stoodMs = 0;
  }
}

function announcer() {
  const clock = new StandingClock();
  const sent: number[] = [];
  const subject = new Announcer({ clock, send: (frames) => sent.push(frames.length) });
  const hold = (...addresses: readonly string[]): void => {
    subject.prepare(mac, addresses);
    subject.hold(addresses);
  };
  return { clock, sent, subject, hold };
}

test('a new address is announced four times', () => {
  const { clock, sent, hold } = announcer();
  hold('198.18.0.100', '2001:db8::1');
  clock.advance(10_000);
  expect(sent).toEqual([2, 2, 2, 2]);
});

test('only what is new is announced, and nothing that was given up', () => {
  const { clock, sent, hold } = announcer();
  hold('198.18.0.100');
  clock.advance(10_000);
  sent.length = 0;
  hold('198.18.0.100', '198.18.0.101');
  clock.advance(50);
  hold('198.18.0.100');
  clock.advance(10_000);
  expect(sent).toEqual([1, 0, 0, 0]);
});

test('what is held is announced again, and nothing else', () => {
  const { clock, sent, subject, hold } = announcer();
  hold('198.18.0.100', '198.18.0.101');
  clock.advance(10_000);
  sent.length = 0;
  subject.again(['198.18.0.101', '198.18.0.102']);
  subject.again([]);
  clock.advance(10_000);
  expect(sent).toEqual([1, 1, 1, 1]);
});

test.each([
  ['early in that time', 6000],
  ['at the end of it', 4000],
])(
  'a process that stood still says nothing before it has heard whether it still holds it: due %s',
  (_when, stoodMs) => {
    const { clock, sent, hold } = announcer();
    hold('198.18.0.100');
    clock.advance(1010);
    sent.length = 0;
    // From now on all timers wait, and those that are due then run in their order.
    clock.standStill(stoodMs);
    clock.advance(400);
    expect(sent).toEqual([]);
    clock.advance(10_000);
    expect(sent).toEqual([1]);
  },
);

test('thousands leave in parts', () => {
  const { clock, sent, hold } = announcer();
  hold(...Array.from({ length: 4500 }, (_, at) => `2001:db8::${(at + 1).toString(16)}`));
  clock.advance(50);
  expect(sent).toEqual([4096, 404]);
  clock.advance(100);
  expect(Math.max(...sent.slice(2))).toBe(256);
});

test('another MAC makes everything new', () => {
  const { clock, sent, subject, hold } = announcer();
  hold('198.18.0.100');
  clock.advance(10_000);
  sent.length = 0;
  subject.prepare('02:5c:18:00:00:04', ['198.18.0.100']);
  subject.hold(['198.18.0.100']);
  clock.advance(50);
  expect(sent).toEqual([1]);
});

test('nothing after stop', () => {
  const { clock, sent, subject, hold } = announcer();
  hold('198.18.0.100', '198.18.0.101');
  clock.advance(200);
  subject.stop();
  clock.advance(10_000);
  expect(sent).toEqual([2, 2]);
});
