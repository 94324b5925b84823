import { describe, expect, test } from '@jest/globals';
import { type EgressAddress, type EgressGateway, type EgressPool } from '@sluice/kube';
import { effectOf, workOfAddress, workOfGateway, workOfPool } from './work.js';

const metadata = { name: 'any', uid: 'u1', resourceVersion: '1' };
const later = { ...metadata, resourceVersion: '2' };

describe('an EgressPool', () => {
  const pool: EgressPool = {
    metadata,
    spec: { ranges: [{ cidr: '198.18.0.0/24' }], uplink: { nextHops: [] }, slots: 1, dualStack: 'Single' },
    status: { id: 1, free: 3, allocated: 1, slots: [{ slot: 0, holder: 'gw-1', epoch: 7, order: ['gw-1'] }] },
  };

  test.each([
    ['another version', { ...pool, metadata: later }, 'nothing'],
    ['one allocation more', { ...pool, status: { ...pool.status, free: 2, allocated: 2 } }, 'report'],
    ['another holder', { ...pool, status: { ...pool.status, slots: [] } }, 'work'],
    ['another spec', { ...pool, spec: { ...pool.spec, slots: 2 } }, 'work'],
  ])('with %s', (_what, after, effect) => {
    expect(effectOf(pool, after, workOfPool)).toBe(effect);
  });
});

describe('an EgressGateway', () => {
  const gateway: EgressGateway = {
    metadata,
    spec: { nodeName: 'gw-1', uplinkInterface: 'eth1', capacity: 4096, draining: false },
    status: {
      state: 'Ready',
      slots: 1,
      addresses: 1,
      uplinkMAC: '02:5c:18:00:00:03',
      tunnelAddress: '172.31.0.3',
    },
  };

  test.each([
    ['one address more', { ...gateway, status: { ...gateway.status, addresses: 2 } }, 'report'],
    ['another state', { ...gateway, status: { ...gateway.status, state: 'Lost' as const } }, 'report'],
    [
      'another tunnel address',
      { ...gateway, status: { ...gateway.status, tunnelAddress: '172.31.0.4' } },
      'work',
    ],
    ['another uplink', { ...gateway, status: { ...gateway.status, uplinkMAC: '02:5c:18:00:00:04' } }, 'work'],
    ['draining', { ...gateway, spec: { ...gateway.spec, draining: true } }, 'work'],
    ['another label', { ...gateway, metadata: { ...metadata, labels: { rack: 'a' } } }, 'work'],
  ])('with %s', (_what, after, effect) => {
    expect(effectOf(gateway, after, workOfGateway)).toBe(effect);
  });
});

describe('an EgressAddress', () => {
  const address: EgressAddress = {
    metadata,
    spec: {
      id: 1,
      pool: 'any',
      slot: 0,
      addresses: ['198.18.0.7'],
      claim: { kind: 'Namespace', name: 'a', uid: 'u' },
    },
  };

  test('with another status', () => {
    expect(effectOf(address, { ...address, status: { holder: 'gw-1' } }, workOfAddress)).toBe('report');
  });

  test('with another slot', () => {
    expect(effectOf(address, { ...address, spec: { ...address.spec, slot: 1 } }, workOfAddress)).toBe('work');
  });
});
