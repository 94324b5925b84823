import { describe, expect, it } from '@jest/globals';
import { type EgressPool, type Lease } from '@sluice/kube';
import { onlyMoved, onlyRenewed } from './world-watch.js';

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

describe('onlyRenewed', () => {
  const lease = (uid: string, holderIdentity: string, renewTime: string): Lease => ({
    metadata: { name: 'gateway-gw-1', uid },
    spec: { holderIdentity, renewTime },
  });
  const held = lease('u1', 'gw-1', '2026-01-01T00:00:00.000000Z');

  it('is so when the time is another one', () => {
    expect(onlyRenewed(held, lease('u1', 'gw-1', '2026-01-01T00:00:02.000000Z'))).toBe(true);
  });

  it.each([
    ['it was made anew', lease('u2', 'gw-1', '2026-01-01T00:00:02.000000Z')],
    ['another one holds it', lease('u1', 'gw-2', '2026-01-01T00:00:02.000000Z')],
  ])('is not so when %s', (_, after) => {
    expect(onlyRenewed(held, after)).toBe(false);
  });
});
