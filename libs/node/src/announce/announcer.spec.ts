import { expect, test } from '@jest/globals';
import { ManualClock } from '@sluice/core';
import { Announcer } from './announcer.js';

const mac = '02:5c:18:00:00:03';

function announcer() {
  const clock = new ManualClock();
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

test('a process that stood still says nothing before it has heard whether it still holds it', () => {
  const [clock, sent]: [ManualClock, number[]] = [new ManualClock(), []];
  let stoodMs = 0;
  const late = {
    monotonicMs: () => clock.monotonicMs() + stoodMs,
    wallMs: () => clock.wallMs(),
    after: (ms: number, call: () => void) => clock.after(ms, call),
  };
  const subject = new Announcer({ clock: late, send: (frames) => sent.push(frames.length) });
  subject.prepare(mac, ['198.18.0.100']);
  subject.hold(['198.18.0.100']);
  stoodMs = 3000;
  clock.advance(100);
  expect(sent).toEqual([1]);
  clock.advance(10_000);
  expect(sent).toEqual([1, 1, 1, 1]);
});

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
