/** What pools say of who may take how much, and where an address comes to be. */
import { describe, expect, test } from '@jest/globals';
import { both, changed, loadBalancer, pair, settle, shown } from './testing/service-plans.js';

describe('a pool says who may take how much', () => {
  const blue = { allowedNamespaces: { matchLabels: { tenant: 'blue' } } };

  test('namespaces that it selects', () => {
    const given = { services: [loadBalancer('web')], pools: { default: blue } };
    expect(shown(settle({ ...given, labels: { tenant: 'blue' } }).services)).toEqual({ web: pair(0) });
    const named = { ...given, services: [loadBalancer('web', {}, { 'sluice.dev/pool': 'default' })] };
    expect(settle({ ...named, labels: { tenant: 'red' } }).problems).toMatchObject([
      { reason: 'NamespaceNotAllowed', message: expect.stringMatching(/is not for namespace shop/) },
    ]);
  });

  test('the only one that a namespace may use needs no name', () => {
    const other = { ranges: [{ cidr: '198.18.1.0/30' }] };
    const { services } = settle({ services: [loadBalancer('web')], pools: { blue, other } });
    expect(shown(services)).toEqual({ web: ['198.18.1.0'] });
  });

  test('what was given stays', () => {
    const before = settle({ services: [loadBalancer('web')] });
    const { services, problems } = settle({ ...before, pools: { default: blue } });
    expect(shown(services)).toEqual({ web: pair(0) });
    expect(problems).toEqual([]);
  });

  test('as many allocations as the quota has', () => {
    const pools = { default: { quota: { addressesPerNamespace: 2 } } };
    const all = ['a', 'b', 'c'].map((name) => loadBalancer(name));
    const { services, problems } = settle({ services: all, pools });
    expect(shown(services)).toEqual({ a: pair(0), b: pair(1), c: [] });
    expect(problems).toMatchObject([
      { reason: 'QuotaExceeded', message: expect.stringMatching(/namespace shop has 2 of 2 allocations/) },
    ]);
  });

  test('a change of address is within the quota', () => {
    const pools = { default: { quota: { addressesPerNamespace: 1 } } };
    const before = settle({ services: [loadBalancer('web')], pools });
    const services = [changed(before.services[0], {}, { 'sluice.dev/address': '198.18.0.98' })];
    expect(shown(settle({ ...before, services, pools }).services)).toEqual({ web: ['198.18.0.98'] });
  });

  test('the address of another family counts, too', () => {
    const pools = { default: { quota: { addressesPerNamespace: 1 } } };
    const before = settle({ services: [loadBalancer('web', { ipFamilies: ['IPv4'] })], pools });
    const services = [changed(before.services[0], { ipFamilies: both })];
    const after = settle({ ...before, services, pools });
    expect(shown(after.services)).toEqual({ web: ['198.18.0.96'] });
    expect(after.problems).toMatchObject([{ reason: 'QuotaExceeded' }]);
  });
});

describe('an address that was released a moment ago', () => {
  const [, ipv6 = ''] = pair(0);
  const slotIn = (pool: string, slot: number): number | undefined => {
    const formerSlots = new Map([[ipv6, { pool, slot }]]);
    return settle({ services: [loadBalancer('web')], formerSlots }).addresses[0]?.spec.slot;
  };

  test('is given where it was', () => {
    expect(slotIn('default', 1)).toBe(1);
  });

  test.each([
    ['of a slot that the pool does not have any more', 'default', 1000],
    ['of another pool', 'other', 1],
  ])('%s is given where there are the fewest', (_what, pool, slot) => {
    expect(slotIn(pool, slot)).toBe(0);
  });
});
