import { beforeEach, describe, expect, test } from '@jest/globals';
import { type Clock, ManualClock } from '@sluice/core';
import { announcement } from '../frames/announcement.js';
import { Wire } from './wire.js';

const own = '02:5c:18:00:00:03';
const peer = '02:5c:18:00:00:04';
const router = '02:aa:00:00:00:01';
const address = '198.18.0.100';

/** The same frame, to this gateway alone. */
function toUs(frame: Uint8Array): Uint8Array {
  const unicast = Buffer.from(frame);
  unicast.set(Buffer.from(own.replaceAll(':', ''), 'hex'));
  return unicast;
}

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

  const lasting = async (ms: number) => {
    clock.advance(ms);
    await Promise.resolve();
  };

  /** Until it would end without an answer of a router. */
  const during = async (work: () => void) => {
    const round = wire.round([address]);
    await lasting(50);
    work();
    await lasting(50);
    await lasting(250);
    return round;
  };

  test('tells what other gateways announce to everybody, and nobody else', () => {
    wire.heard(announcement(peer, address));
    wire.heard(announcement(router, address));
    wire.heard(toUs(announcement(peer, address)));
    expect(announced).toEqual([{ address, mac: peer }]);
  });

  test('asks each gateway, and behind them the router, twice', async () => {
    const round = wire.round([address]);
    await lasting(50);
    await lasting(50);
    const targets = sent.map((frame) => Buffer.from(frame).toString('hex', 0, 6));
    expect(targets).toEqual(['025c18000004', 'ffffffffffff', '025c18000004', 'ffffffffffff']);
    await lasting(250);
    await round;
  });

  test('silence with an answer of the router', async () => {
    const { answered, control } = await during(() => wire.heard(announcement(router, '198.18.0.1')));
    expect([...answered]).toEqual([]);
    expect(control).toBe(true);
  });

  test('an answer to the first question alone says nothing of the second', async () => {
    const round = wire.round([address]);
    wire.heard(announcement(router, '198.18.0.1'));
    for (const ms of [50, 50, 250]) await lasting(ms);
    expect((await round).control).toBe(false);
  });

  test('a late answer of the router is waited for, and what another gateway says meanwhile counts', async () => {
    const round = wire.round([address]);
    for (const ms of [50, 50, 200]) await lasting(ms);
    wire.heard(announcement(peer, address));
    wire.heard(announcement(router, '198.18.0.1'));
    expect(await round).toEqual({ answered: new Set([address]), control: true });
  });

  test('what came while the process stood still counts', async () => {
    const round = wire.round([address]);
    await lasting(50);
    await lasting(50);
    clock.advance(250);
    // As a socket that is read when the timers have run.
    setImmediate(() => {
      wire.heard(announcement(router, '198.18.0.1'));
      wire.heard(announcement(peer, address));
    });
    expect(await round).toEqual({ answered: new Set([address]), control: true });
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
    wire.heard(toUs(announcement(peer, address)));
    expect([...answered]).toEqual([]);
  });

  test.each([
    ['is told for a second', 999, toUs(announcement(peer, address)), [address]],
    ['is nothing later', 1000, toUs(announcement(peer, address)), []],
    ['to everybody is none', 10, announcement(peer, address), []],
    ['of a router is none', 10, toUs(announcement(router, address)), []],
    ['for another address is none', 10, toUs(announcement(peer, '198.18.0.101')), []],
  ])('an answer after the round %s', async (_what, afterMs, frame, told) => {
    const late: string[] = [];
    const round = wire.round([address], (heard) => late.push(heard));
    for (const ms of [50, 50, 250]) await lasting(ms);
    await round;
    clock.advance(afterMs);
    wire.heard(frame);
    expect(late).toEqual(told);
  });
});
