import { describe, expect, it } from '@jest/globals';
import { asOf, type SlotDuty, type SlotView } from './slot-view.js';

const duty = (slot: number, holder: string, addresses: readonly string[]): SlotDuty => ({
  slot,
  pool: 'default',
  ordinal: slot,
  order: ['gw-1', 'gw-2'],
  recorded: { holder, epoch: 1, previous: undefined },
  addresses,
});
const peer = (nodeId: number) => ({ name: `gw-${nodeId}`, nodeId, uplinkMac: undefined });
const programmed: SlotView = {
  self: 'gw-1',
  nodeId: 1,
  slots: [duty(0, 'gw-1', ['198.18.0.1']), duty(1, 'gw-2', [])],
  peers: [peer(2), peer(3)],
  draining: new Set(),
  nextHops: [],
};

describe('asOf', () => {
  it('takes holders, order and who drains from the objects of now', () => {
    const now = { ...programmed, slots: [duty(0, 'gw-2', ['198.18.0.1'])], draining: new Set(['gw-1']) };
    const view = asOf(now, programmed);
    expect(view.draining).toEqual(new Set(['gw-1']));
    expect(view.slots[0]?.recorded?.holder).toBe('gw-2');
  });

  it('keeps addresses and slots to what is programmed', () => {
    const slots = [duty(0, 'gw-1', ['198.18.0.1', '198.18.0.2']), duty(2, 'gw-1', ['198.18.0.3'])];
    expect(asOf({ ...programmed, slots }, programmed).slots).toEqual(programmed.slots);
  });

  it('knows no gateway that has no tunnel yet, and none that is gone', () => {
    const now = { ...programmed, peers: [peer(2), peer(4)] };
    expect(asOf(now, programmed).peers).toEqual([peer(2)]);
  });
});
