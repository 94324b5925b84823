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
  event('gw-1', 1, 'SlotsTaken', 'took 3 slots from gw-2 (holder-dead) in 812 ms'),
  event('gw-1', 2, 'OVSUnavailable', 'took 3 slots from gw-2'),
  event('gw-1', 3, 'SlotsHandedOver', 'handed 1 slot over to gw-3.example (drain) in 40 ms'),
  event('gw-3.example', 4, 'SlotsTaken', 'something else altogether'),
];
const all = { gateway: undefined, most: 20 };

describe('the moves of slots', () => {
  it('are read from events, latest first', () => {
    expect(latestMoves(events, all)).toMatchObject([
      { from: '', to: 'gw-3.example', slots: undefined, why: '', note: 'something else altogether' },
      { from: 'gw-1', to: 'gw-3.example', slots: 1, why: 'drain', durationMs: 40 },
      { from: 'gw-2', to: 'gw-1', slots: 3, why: 'holder-dead', durationMs: 812 },
    ]);
  });

  it('are those of one gateway, or the latest alone', () => {
    expect(latestMoves(events, { gateway: 'gw-2', most: 20 })).toHaveLength(1);
    expect(latestMoves(events, { gateway: undefined, most: 1 })).toMatchObject([{ to: 'gw-3.example' }]);
  });

  it('are a table', () => {
    expect(renderMoves(latestMoves(events, all), false))
      .toBe(`WHEN                   FROM   TO             SLOTS   WHY           TOOK
2026-01-01T00:04:00Z   -      gw-3.example   -       -             -
2026-01-01T00:03:00Z   gw-1   gw-3.example   1       drain         40 ms
2026-01-01T00:01:00Z   gw-2   gw-1           3       holder-dead   812 ms`);
    expect(renderMoves(latestMoves(events, all), true)).toContain('something else altogether');
    expect(renderMoves([], false)).toContain('no slot has moved');
  });
});
