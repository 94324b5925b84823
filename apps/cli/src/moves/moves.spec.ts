import { describe, expect, it } from '@jest/globals';
import { type KubeEvent } from '@sluice/kube';
import { latestMoves } from './moves.js';
import { renderMoves } from './render.js';

const event = (gateway: string, minute: number, reason: string, note: string): KubeEvent => ({
  metadata: { name: `${gateway}.${String(minute)}`, namespace: 'default' },
  eventTime: `2026-01-01T00:0${String(minute)}:00.123456Z`,
  regarding: { kind: 'EgressGateway', name: gateway },
  reason,
  note,
  type: 'Normal',
});

const events = [
  event('gw-1', 1, 'SlotsTaken', 'took 1 slot of gw-2 in 0.81 s (holder-dead)'),
  event('gw-1', 2, 'OVSUnavailable', 'took 3 slots of gw-2 in 0.81 s (holder-dead)'),
  event('gw-1', 3, 'SlotsHandedOver', '4 slots went to gw-2 (3), gw-3.example (1) in 1.20 s (drain)'),
  event('gw-3.example', 4, 'SlotsTaken', 'something else altogether'),
];
const all = { gateway: undefined, most: 20 };

describe('the moves of slots', () => {
  it('are read from events, latest first', () => {
    expect(latestMoves(events, all).map(({ when: _, ...move }) => move)).toEqual([
      {
        from: '',
        to: 'gw-3.example',
        slots: undefined,
        seconds: undefined,
        why: 'something else altogether',
      },
      { from: 'gw-1', to: 'gw-2', slots: 3, seconds: 1.2, why: 'drain' },
      { from: 'gw-1', to: 'gw-3.example', slots: 1, seconds: 1.2, why: 'drain' },
      { from: 'gw-2', to: 'gw-1', slots: 1, seconds: 0.81, why: 'holder-dead' },
    ]);
  });

  it('have the time of the last event of a series', () => {
    const [first = event('gw-1', 1, 'SlotsTaken', '')] = events;
    const lastObservedTime = '2026-01-02T00:00:00.000000Z';
    const [move] = latestMoves([{ ...first, series: { count: 2, lastObservedTime } }], all);
    expect(move?.when).toBe(lastObservedTime);
  });

  it('are those of one gateway, or the latest alone', () => {
    expect(latestMoves(events, { gateway: 'gw-2', most: 20 })).toHaveLength(2);
    expect(latestMoves(events, { gateway: undefined, most: 1 })).toMatchObject([{ to: 'gw-3.example' }]);
  });

  it('are a table', () => {
    expect(renderMoves(latestMoves(events, all), false)).toBe(
      `WHEN                   FROM   TO             SLOTS   TOOK     WHY
2026-01-01T00:04:00Z   -      gw-3.example   -       -        something else altogether
2026-01-01T00:03:00Z   gw-1   gw-2           3       1.20 s   drain
2026-01-01T00:03:00Z   gw-1   gw-3.example   1       1.20 s   drain
2026-01-01T00:01:00Z   gw-2   gw-1           1       0.81 s   holder-dead`,
    );
    expect(renderMoves(latestMoves(events, all), true)).toContain('00:01:00.123456Z');
    expect(renderMoves([], false)).toContain('no slot has moved');
  });
});
