/** Which addresses LoadBalancer Services get, keep and give back. */
import { describe, expect, test } from '@jest/globals';
import { type Service } from '@sluice/kube';
import { both, changed, type Given, loadBalancer, pair, settle, shown } from './testing/service-plans.js';

describe('a Service of our class', () => {
  test('gets a pair from the only pool, and its status says so', () => {
    const { services, addresses, told } = settle({ services: [loadBalancer('web')] });
    expect(shown(services)).toEqual({ web: pair(0) });
    expect(addresses).toMatchObject([
      {
        metadata: { name: '198-18-0-96' },
        spec: { claim: { kind: 'Service', namespace: 'shop', name: 'web', uid: 'uid-web' }, pool: 'default' },
      },
    ]);
    expect(told).toEqual([`web: AddressAssigned: reached by ${pair(0).join(', ')}`]);
  });

  test('gets addresses of its own families alone', () => {
    const one = (name: string, family: string) => loadBalancer(name, { ipFamilies: [family] });
    const { services } = settle({ services: [one('four', 'IPv4'), one('six', 'IPv6')] });
    expect(shown(services)).toEqual({ four: ['198.18.0.96'], six: ['2001:db8:18::100'] });
  });

  test.each([
    [
      'sluice.dev/address',
      loadBalancer('web', {}, { 'sluice.dev/address': '198.18.0.98,2001:db8:18::102' }),
      pair(2),
    ],
    ['spec.loadBalancerIP', loadBalancer('web', { loadBalancerIP: '198.18.0.99' }), ['198.18.0.99']],
  ])('gets what it asks for by %s', (_, asking, expected) => {
    expect(shown(settle({ services: [asking] }).services)).toEqual({ web: expected });
  });

  test('gets them from the pool that it names', () => {
    const other = { ranges: [{ cidr: '198.18.1.0/30' }] };
    const named = loadBalancer('web', {}, { 'sluice.dev/pool': 'other' });
    const { services } = settle({ services: [named], pools: { default: {}, other } });
    expect(shown(services)).toEqual({ web: ['198.18.1.0'] });
  });

  test('changes to another address without being without one', () => {
    const before = settle({ services: [loadBalancer('web')] });
    const [web] = before.services;
    const asking = {
      ...web,
      metadata: { ...web?.metadata, annotations: { 'sluice.dev/address': '198.18.0.98' } },
    };
    const { services, addresses, told } = settle({ ...before, services: [asking as Service] });
    expect(shown(services)).toEqual({ web: ['198.18.0.98'] });
    expect(addresses.map(({ metadata }) => metadata.name)).toEqual(['198-18-0-98']);
    expect(told).toEqual(['web: AddressAssigned: reached by 198.18.0.98']);
  });
});

describe('a Service that becomes dual-stack', () => {
  const before = settle({ services: [loadBalancer('web', { ipFamilies: ['IPv4'] })] });
  const [web] = before.services;

  test('gets an address of the other family, and keeps its own', () => {
    const { services, addresses } = settle({ ...before, services: [changed(web, { ipFamilies: both })] });
    expect(shown(services)).toEqual({ web: ['198.18.0.96', '2001:db8:18::100'] });
    expect(addresses).toHaveLength(2);
  });

  test('gives it back when it is none any more', () => {
    const dual = settle({ ...before, services: [changed(web, { ipFamilies: both })] });
    const { services, addresses } = settle({ ...dual, services: [changed(web, { ipFamilies: ['IPv4'] })] });
    expect(shown(services)).toEqual({ web: ['198.18.0.96'] });
    expect(addresses).toHaveLength(1);
  });

  test('is left in peace where the pool has none', () => {
    const pools = { default: { ranges: [{ cidr: '198.18.0.96/30' }] } };
    const { services, problems } = settle({ services: [loadBalancer('web')], pools });
    expect(shown(services)).toEqual({ web: ['198.18.0.96'] });
    expect(problems).toEqual([]);
  });
});

describe('gives back its addresses', () => {
  const before = settle({ services: [loadBalancer('web')] });
  const [web] = before.services;

  test.each<readonly [string, readonly Service[]]>([
    ['when it is gone', []],
    [
      'when it is being deleted',
      [{ ...web, metadata: { ...web?.metadata, deletionTimestamp: 'now' } } as Service],
    ],
    ['when another one of its name came', [loadBalancer('web', { type: 'ClusterIP' })]],
    ['when it is none any more', [{ ...web, spec: { ...web?.spec, type: 'NodePort' } } as Service]],
  ])('%s', (_, services) => {
    expect(settle({ ...before, services }).addresses).toEqual([]);
  });
});

const withoutClass = (name: string): Service => {
  const { spec, ...rest } = loadBalancer(name);
  const { loadBalancerClass: _, ...others } = spec ?? {};
  return { ...rest, spec: others };
};

describe('is left alone', () => {
  test.each([
    ['of another class', loadBalancer('web', { loadBalancerClass: 'example.com/other' }), true],
    ['without a class, while Sluice is not the default', withoutClass('web'), false],
  ])('%s', (_, service, defaultClass) => {
    const theirs = { ...service, status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } };
    const { services, addresses } = settle({ services: [theirs], defaultClass });
    expect(services).toEqual([theirs]);
    expect(addresses).toEqual([]);
  });

  test('without a class it is ours where Sluice is the default', () => {
    const { services } = settle({ services: [withoutClass('web')], defaultClass: true });
    expect(shown(services)).toEqual({ web: pair(0) });
  });
});

describe('is refused, and says why', () => {
  const taken = settle({ services: [loadBalancer('first')] }).addresses;
  test.each<readonly [string, Given, string, RegExp]>([
    [
      'an address outside',
      { services: [loadBalancer('web', {}, { 'sluice.dev/address': '192.0.2.9' })] },
      'AddressNotInPool',
      /192\.0\.2\.9 is not in any EgressPool/,
    ],
    [
      'an address in use',
      {
        services: [loadBalancer('first'), loadBalancer('web', {}, { 'sluice.dev/address': '198.18.0.96' })],
        addresses: taken,
      },
      'AddressInUse',
      /198\.18\.0\.96 is in use by Service shop\/first/,
    ],
    [
      'an address of a family that it has not',
      {
        services: [
          loadBalancer('web', { ipFamilies: ['IPv4'] }, { 'sluice.dev/address': '2001:db8:18::101' }),
        ],
      },
      'FamilyNotServed',
      /2001:db8:18::101/,
    ],
    [
      'garbage',
      { services: [loadBalancer('web', {}, { 'sluice.dev/address': '198.18.0' })] },
      'AnnotationInvalid',
      /sluice\.dev\/address: "198\.18\.0" is not an address at character 1/,
    ],
    [
      'a pool that is not there',
      { services: [loadBalancer('web', {}, { 'sluice.dev/pool': 'none' })] },
      'PoolNotFound',
      /there is no EgressPool none/,
    ],
    [
      'no pool named among several',
      { services: [loadBalancer('web')], pools: { a: {}, b: {} } },
      'PoolNotFound',
      /name one by sluice\.dev\/pool/,
    ],
    [
      'an empty pool',
      { services: ['a', 'b', 'c', 'd', 'web'].map((name) => loadBalancer(name)) },
      'PoolExhausted',
      /has no free address/,
    ],
  ])('%s', (_, given, reason, message) => {
    const { services, problems } = settle(given);
    expect(problems).toEqual([
      {
        regarding: { kind: 'Service', namespace: 'shop', name: 'web', uid: 'uid-web' },
        type: 'Warning',
        reason,
        message: expect.stringMatching(message),
      },
    ]);
    expect(shown(services).web).toEqual([]);
  });

  test('and keeps what it has', () => {
    const before = settle({ services: [loadBalancer('web')] });
    const [web] = before.services;
    const asking = { ...web, metadata: { ...web?.metadata, annotations: { 'sluice.dev/address': 'x' } } };
    const { services, problems } = settle({ ...before, services: [asking as Service] });
    expect(shown(services)).toEqual({ web: pair(0) });
    expect(problems).toHaveLength(1);
  });
});
