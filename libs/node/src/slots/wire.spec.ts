import { beforeEach, describe, expect, test } from '@jest/globals';
import { type Clock, ManualClock } from '@sluice/core';
import { announcement } from '../frames/announcement.js';
import { Wire } from './wire.js';

const own = '02:5c:18:00:00:03';
const peer = '02:5c:18:00:00:04';
const router = '02:aa:00:00:00:01';
const address = '198.18.0.100';

/** A clock on which no timer runs while its time jumps with every look. */
function standingStill(clock: ManualClock, jumpMs: number): Clock {
  let now = clock.monotonicMs();
  return { monotonicMs: () => (now += jumpMs), wallMs: () => now, after: () => () => undefined };
}

describe('a round', () => {
  const clock = new ManualClock();
  let sent: Uint8Array[] = [];
  let announced: unknown[] = [];
  let wire: Wire;

  beforeEach(() => {
    [sent, announced] = [[], []];
    wire = new Wire({
      clock,
      send: (frames) => sent.push(...frames),
      onAnnounced: (answer) => announced.push(answer),
    });
    wire.update({
      asker: { mac: own, nodeId: 3 },
      controls: ['198.18.0.1'],
      peers: [peer],
    });
    sent = [];
  });

  const during = async (work: () => void) => {
    const round = wire.round([address]);
    clock.advance(50);
    await Promise.resolve();
    work();
    clock.advance(50);
    return round;
  };

  test('tells what other gateways announce to everybody, and nobody else', () => {
    wire.heard(announcement(peer, address));
    wire.heard(announcement(router, address));
    const toUsAlone = Buffer.from(announcement(peer, address));
    toUsAlone.set(Buffer.from(own.replaceAll(':', ''), 'hex'));
    wire.heard(toUsAlone);
    expect(announced).toEqual([{ address, mac: peer }]);
  });

  test('asks the router and each gateway twice', async () => {
    await during(() => undefined);
    const targets = sent.map((frame) => Buffer.from(frame).toString('hex', 0, 6));
    expect(targets).toEqual(['ffffffffffff', '025c18000004', 'ffffffffffff', '025c18000004']);
  });

  test('silence with an answer of the router', async () => {
    const { answered, control } = await during(() => wire.heard(announcement(router, '198.18.0.1')));
    expect([...answered]).toEqual([]);
    expect(control).toBe(true);
  });

  test('an uplink is lost when no router has answered for a second, though asked all the while', () => {
    wire.heard(announcement(router, '198.18.0.1'));
    clock.advance(990);
    expect(wire.isUp(1000)).toBe(true);
    clock.advance(20);
    expect(wire.isUp(1000)).toBe(false);
    wire.heard(announcement(router, '198.18.0.1'));
    expect(wire.isUp(1000)).toBe(true);
  });

  test('a process that stood still does not blame the uplink', () => {
    const stopped = new Wire({
      clock: standingStill(clock, 5000),
      send: () => undefined,
    });
    stopped.update({ asker: { mac: own, nodeId: 3 }, controls: ['198.18.0.1'], peers: [] });
    expect(stopped.isUp(1000)).toBe(true);
  });

  test('another gateway answers', async () => {
    const { answered, control } = await during(() => wire.heard(announcement(peer, address)));
    expect([...answered]).toEqual([address]);
    expect(control).toBe(false);
  });

  test('what nobody asked for, who is no gateway and garbage do not count', async () => {
    const { answered } = await during(() => {
      wire.heard(announcement(peer, '198.18.0.101'));
      wire.heard(announcement(router, address));
      wire.heard(new Uint8Array([1, 2, 3]));
    });
    expect([...answered]).toEqual([]);
  });

  test('an answer after the round does not change it', async () => {
    const { answered } = await during(() => undefined);
    wire.heard(announcement(peer, address));
    expect([...answered]).toEqual([]);
  });
});
