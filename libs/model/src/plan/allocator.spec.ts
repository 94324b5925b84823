/** What pools say of who may take how much. */
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
