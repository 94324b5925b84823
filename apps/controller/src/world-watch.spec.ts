import { describe, expect, it } from '@jest/globals';
import { type EgressPool } from '@sluice/kube';
import { onlyMoved } from './world-watch.js';

const slot = (holder: string, epoch: number, order = ['gw-1', 'gw-2']) => ({ slot: 0, order, holder, epoch });
const pool = (
  version: string,
  slots: readonly ReturnType<typeof slot>[],
  nextHop = '198.18.0.1',
): EgressPool => ({
  metadata: { name: 'default', resourceVersion: version },
  spec: {
    ranges: [{ cidr: '198.18.0.0/24' }],
    uplink: { nextHops: [nextHop] },
    slots: 1,
    dualStack: 'Single',
  },
  status: { id: 1, slots },
});
const before = pool('1', [slot('gw-1', 1)]);

describe('onlyMoved', () => {
  it('is so when a slot has another holder', () => {
    expect(onlyMoved(before, pool('2', [slot('gw-2', 2)]))).toBe(true);
  });

  it.each([
    ['the spec', pool('2', [slot('gw-2', 2)], '198.18.0.2')],
    ['the order of gateways', pool('2', [slot('gw-1', 1, ['gw-2', 'gw-1'])])],
    ['the number of slots', pool('2', [])],
  ])('is not so when %s changed', (_, after) => {
    expect(onlyMoved(before, after)).toBe(false);
  });
});
