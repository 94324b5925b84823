import { describe, expect, test } from '@jest/globals';
import { type EgressAddress, type EgressPool } from '@sluice/kube';
import { poolWays } from './pool-ways.js';

const uplink = {
  interface: 'eth1',
  mac: '02:00:00:00:00:03',
  mtu: 1500,
  addresses: ['198.18.0.3/24', '2001:db8:18::3/64'],
};

const pool = (id: number, spec: Pick<EgressPool['spec'], 'ranges' | 'uplink'>): EgressPool => ({
  metadata: { name: `pool-${String(id)}` },
  spec: { ...spec, slots: 64, dualStack: 'Single' },
  status: { id },
});

const given = (poolId: number, ...addresses: readonly string[]): EgressAddress =>
  ({
    metadata: { name: addresses.join('-') },
    spec: { id: 1, pool: `pool-${String(poolId)}`, slot: 0, addresses },
  }) as unknown as EgressAddress;

const router = '198.18.0.1';

describe('ways of pools', () => {
  test('lead to the next hop for addresses that its network does not hold', () => {
    const outside = pool(1, { ranges: [{ cidr: '192.0.2.0/28' }], uplink: { nextHops: [router] } });
    expect(poolWays([outside], [], uplink)).toEqual([
      { poolId: 1, sources: ['192.0.2.0/28'], subnet: '198.18.0.0/24', nextHop: router },
    ]);
  });

  test('take the prefix lengths of the pool for what is on the link', () => {
    const uplinkOfPool = { nextHops: ['192.0.2.1', '2001:db8:92::1'], prefixLengths: [28, 56] as const };
    const ranges = [{ cidr: '192.0.2.0/29' }, { cidr: '2001:db8:92::/120' }];
    const both = pool(1, { ranges, uplink: { ...uplinkOfPool, prefixLengths: [28, 56] } });
    expect(poolWays([both], [], uplink)).toEqual([
      { poolId: 1, sources: ['192.0.2.0/29'], subnet: '192.0.2.0/28', nextHop: '192.0.2.1' },
      { poolId: 1, sources: ['2001:db8:92::/120'], subnet: '2001:db8:92::/56', nextHop: '2001:db8:92::1' },
    ]);
  });

  test('are one for each pool, also where two share a network', () => {
    const first = pool(1, { ranges: [{ cidr: '198.18.0.96/27' }], uplink: { nextHops: [router] } });
    const second = pool(2, { ranges: [{ cidr: '198.18.0.64/27' }], uplink: { nextHops: ['198.18.0.2'] } });
    expect(poolWays([first, second], [], uplink).map(({ sources, nextHop }) => [sources, nextHop])).toEqual([
      [['198.18.0.96/27'], router],
      [['198.18.0.64/27'], '198.18.0.2'],
    ]);
  });

  test('never share a source: the older pool keeps it, and so does an address that was given out', () => {
    const old = pool(1, { ranges: [{ cidr: '192.0.2.0/28' }], uplink: { nextHops: [router] } });
    const overlapping = pool(2, { ranges: [{ cidr: '192.0.2.0/27' }], uplink: { nextHops: ['198.18.0.2'] } });
    const [first, second] = poolWays([old, overlapping], [given(1, '192.0.2.20')], uplink);
    expect(first?.sources).toEqual(['192.0.2.0/28', '192.0.2.20/32']);
    expect(second?.sources).toEqual(['192.0.2.16/30', '192.0.2.21/32', '192.0.2.22/31', '192.0.2.24/29']);
  });

  test('are left out for a family without addresses, and for text that is no address', () => {
    const one = pool(1, {
      ranges: [{ cidr: '192.0.2.0/28' }],
      uplink: { nextHops: [router, '2001:db8:18::1'] },
    });
    const none = pool(2, { ranges: [{ cidr: 'nonsense' }], uplink: { nextHops: ['nowhere'] } });
    expect(poolWays([one, none], [], uplink)).toHaveLength(1);
  });
});
