/** Plans applied by hand until nothing is left to do: what owners of LoadBalancer Services see. */
import { describe, expect, test } from '@jest/globals';
import { parseIp } from '@sluice/core';
import { parseRanges } from '@sluice/ipam';
import { type EgressAddress, type EgressPool, type Namespace, type Service } from '@sluice/kube';
import { gatewayLoadBalancerClass } from '../names.js';
import { service } from '../services/testing/objects.js';
import { Allocator } from './allocator.js';
import { Ids } from './ids.js';
import { type PlannedPool } from './pools.js';
import { planServiceAllocations } from './service-allocations.js';

const both = ['IPv4', 'IPv6'];

const loadBalancer = (name: string, spec: Partial<Service['spec']> = {}, annotations = {}): Service =>
  service(
    { type: 'LoadBalancer', loadBalancerClass: gatewayLoadBalancerClass, ipFamilies: both, ...spec },
    { name, uid: `uid-${name}`, annotations },
  );

const ranges = [{ cidr: '198.18.0.96/30' }, { start: '2001:db8:18::100', end: '2001:db8:18::103' }];

function planned(
  name: string,
  addresses: readonly EgressAddress[],
  spec: Partial<EgressPool['spec']> = {},
): PlannedPool {
  const pool: EgressPool = {
    metadata: { name },
    spec: { ranges, uplink: { nextHops: [] }, slots: 4, dualStack: 'Paired', ...spec },
  };
  const taken = { 4: new Set<bigint>(), 6: new Set<bigint>() };
  for (const text of addresses.flatMap((address) => address.spec.addresses)) {
    const { family, value } = parseIp(text);
    taken[family].add(value);
  }
  const common = { id: 1, fault: undefined, gateways: ['gw-1'], slots: [] };
  return { pool, ranges: parseRanges(pool.spec.ranges), taken, ...common };
}

interface Given {
  readonly services: readonly Service[];
  readonly addresses?: readonly EgressAddress[];
  readonly pools?: Readonly<Record<string, Partial<EgressPool['spec']>>>;
  readonly defaultClass?: boolean;
  /** Of namespace shop. */
  readonly labels?: Readonly<Record<string, string>>;
}

type Changed = ReturnType<typeof planServiceAllocations>['change'][number];

/** As the API server merges the patch of the controller. */
function withUsers(address: EgressAddress, changes: readonly Changed[]): EgressAddress {
  const change = changes.find(({ name }) => name === address.metadata.name);
  if (change === undefined) return address;
  const { sharedWith: _, pods: __, ...spec } = address.spec;
  const { claim, sharedWith, pods } = change;
  const lists = {
    ...(sharedWith.length > 0 ? { sharedWith } : {}),
    ...(pods.length > 0 ? { pods } : {}),
  };
  return { ...address, spec: { ...spec, claim, ...lists } };
}

/** Until the plan is empty. */
function settle({
  services,
  addresses = [],
  pools = { default: {} },
  defaultClass = false,
  labels = {},
}: Given) {
  const namespaces: readonly Namespace[] = [{ metadata: { name: 'shop', labels } }];
  let world = { services, addresses };
  const told: string[] = [];
  for (let round = 0; round < 8; round++) {
    const ids = new Ids([], 0);
    for (const { spec } of world.addresses) ids.use('egress', spec.id);
    const all = Object.entries(pools).map(([name, spec]) => planned(name, world.addresses, spec));
    const allocator = new Allocator({ addresses: world.addresses, pools: all, namespaces, ids });
    const plan = planServiceAllocations({ ...world, allocator, defaultClass });
    told.push(
      ...plan.events.map(({ reason, message, regarding }) => `${regarding.name}: ${reason}: ${message}`),
    );
    if (plan.create.length + plan.change.length + plan.remove.length + plan.ingress.length === 0)
      return { ...world, told, problems: plan.problems };
    world = {
      addresses: [
        ...world.addresses
          .filter((address) => !plan.remove.includes(address))
          .map((address) => withUsers(address, plan.change)),
        ...plan.create.map(({ name, spec }): EgressAddress => ({ metadata: { name }, spec })),
      ],
      services: world.services.map((each) => {
        const write = plan.ingress.find(({ uid }) => uid === each.metadata.uid);
        if (write === undefined) return each;
        const ingress = write.addresses.map((ip) => ({ ip, ipMode: 'VIP' }));
        return { ...each, status: { loadBalancer: { ingress } } };
      }),
    };
  }
  throw new Error('the plan never settles');
}

const shown = (services: readonly Service[]): Record<string, readonly (string | undefined)[]> =>
  Object.fromEntries(
    services.map(({ metadata, status }) => [
      metadata.name,
      (status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip),
    ]),
  );

const pair = (last: number) => [`198.18.0.${96 + last}`, `2001:db8:18::${(0x100 + last).toString(16)}`];

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

const changed = (service: Service | undefined, spec: object, annotations = {}): Service =>
  ({
    ...service,
    spec: { ...service?.spec, ...spec },
    metadata: { ...service?.metadata, annotations: { ...service?.metadata.annotations, ...annotations } },
  }) as Service;

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

describe('with a sharing key', () => {
  const sharing = (name: string, port: number, annotations = {}) =>
    loadBalancer(name, { ports: [{ port }] }, { 'sluice.dev/shared-address': 'web', ...annotations });

  test('Services of different ports share an address, and it says who they are', () => {
    const { services, addresses } = settle({ services: [sharing('http', 80), sharing('https', 443)] });
    expect(shown(services)).toEqual({ http: pair(0), https: pair(0) });
    expect(addresses).toMatchObject([
      { spec: { claim: { name: 'http' }, sharedWith: [{ name: 'https', uid: 'uid-https' }] } },
    ]);
  });

  test('one whose port is taken gets an address of its own', () => {
    const { services } = settle({ services: [sharing('a', 80), sharing('b', 80), sharing('c', 81)] });
    expect(shown(services)).toEqual({ a: pair(0), b: pair(1), c: pair(0) });
  });

  test('one that asks for an address whose port is taken is told so', () => {
    const asking = sharing('b', 80, { 'sluice.dev/address': pair(0).join(',') });
    const { services, problems } = settle({ services: [sharing('a', 80), asking] });
    expect(shown(services)).toEqual({ a: pair(0), b: [] });
    expect(problems).toMatchObject([
      { reason: 'AddressInUse', message: expect.stringMatching(/Service a has TCP\/80 of it/) },
    ]);
  });

  test('one that asks for the address of another by name shares it', () => {
    const asking = sharing('b', 81, { 'sluice.dev/address': '198.18.0.96' });
    expect(shown(settle({ services: [sharing('a', 80), asking] }).services)).toEqual({
      a: pair(0),
      b: pair(0),
    });
  });

  test.each([
    ['no key', {}],
    ['another key', { 'sluice.dev/shared-address': 'other' }],
  ])('nobody with %s shares it', (_, annotations) => {
    const other = loadBalancer('b', { ports: [{ port: 81 }] }, annotations);
    expect(shown(settle({ services: [sharing('a', 80), other] }).services)).toEqual({
      a: pair(0),
      b: pair(1),
    });
  });

  test('nor anybody of another namespace', () => {
    const there = sharing('b', 81);
    const elsewhere = { ...there, metadata: { ...there.metadata, namespace: 'zoo' } };
    expect(shown(settle({ services: [sharing('a', 80), elsewhere] }).services).b).toEqual(pair(1));
  });

  test('it stays with those who are left, and is free after the last', () => {
    const before = settle({ services: [sharing('a', 80), sharing('b', 81)] });
    const after = settle({ ...before, services: before.services.slice(1) });
    expect(shown(after.services)).toEqual({ b: pair(0) });
    expect(after.addresses[0]?.spec).toMatchObject({ claim: { name: 'b', uid: 'uid-b' } });
    expect(after.addresses[0]?.spec.sharedWith).toBeUndefined();
    expect(settle({ ...after, services: [] }).addresses).toEqual([]);
  });

  test('two that begin to share keep what they have', () => {
    const before = settle({ services: [loadBalancer('a', { ports: [{ port: 80 }] }), sharing('b', 81)] });
    const [a, ...others] = before.services;
    const now = [changed(a, {}, { 'sluice.dev/shared-address': 'web' }), ...others];
    expect(shown(settle({ ...before, services: now }).services)).toEqual(shown(before.services));
  });
});

describe('Pods that leave with the address of their Service', () => {
  const asking = { 'sluice.dev/egress': 'service' };
  const selector = { app: 'web' };

  test('are named with the address', () => {
    const { addresses } = settle({ services: [loadBalancer('web', { selector }, asking)] });
    expect(addresses[0]?.spec.pods).toEqual([{ matchLabels: selector }]);
  });

  test('are not any more when the Service does not ask', () => {
    const before = settle({ services: [loadBalancer('web', { selector }, asking)] });
    const services = [changed(before.services[0], {}, { 'sluice.dev/egress': '' })];
    expect(settle({ ...before, services }).addresses[0]?.spec.pods).toBeUndefined();
  });

  test('are none of a Service without selector', () => {
    const { addresses } = settle({ services: [loadBalancer('web', { selector: {} }, asking)] });
    expect(addresses[0]?.spec.pods).toBeUndefined();
  });
});

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
