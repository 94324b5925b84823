/** The book of all Services: whatever it has seen, it says what a new one would. */
import { describe, expect, test } from '@jest/globals';
import { type EgressAddress, type EgressGateway, type EgressPool } from '@sluice/kube';
import fc from 'fast-check';
import { ServiceBook, type ServiceInputs } from './service-book.js';
import { endpoint, service, slice } from './testing/objects.js';

const web = service();
const webSlice = slice([endpoint('10.244.1.5'), endpoint('10.244.1.6')]);
const apiMeta = { name: 'api', uid: 'uid-api', annotations: { 'sluice.dev/service-ids': 'TCP/80=30' } };
const api = service({}, apiMeta);
const inputs: ServiceInputs = {
  services: [web, api],
  endpointSlices: [webSlice],
  nodeIds: new Map([
    ['worker-1', 1],
    ['gw', 3],
  ]),
  gateways: [],
  addresses: [],
  pools: [],
  zone: undefined,
};

describe('what did not change', () => {
  test('is the identical list', () => {
    const book = new ServiceBook();
    const before = book.ports(inputs);
    const again = { ...inputs, services: [...inputs.services].reverse(), nodeIds: new Map(inputs.nodeIds) };
    expect(book.ports(again)).toBe(before);
  });

  test('is the identical entry', () => {
    const book = new ServiceBook();
    const before = book.ports(inputs);
    const after = book.ports({ ...inputs, endpointSlices: [slice([endpoint('10.244.1.5')])] });
    expect(after.map(({ serviceId }) => serviceId)).toEqual([17, 18, 30]);
    expect(after.map((port, at) => port === before[at])).toEqual([false, false, true]);
  });

  test('is the identical entry though its objects were written', () => {
    const book = new ServiceBook();
    const before = book.ports(inputs);
    const written = { services: [{ ...web }, { ...api }], endpointSlices: [{ ...webSlice }] };
    expect(book.ports({ ...inputs, ...written })).toBe(before);
  });
});

test.each([
  ['a node port', { ports: [{ name: 'http', port: 80, nodePort: 30_081 }] }],
  ['the name of a port', { ports: [{ name: 'web', port: 80, nodePort: 30_080 }] }],
  ['affinity', { sessionAffinity: 'ClientIP' }],
  ['limits for clients', { loadBalancerSourceRanges: ['10.0.0.0/8'] }],
  ['a family', { ipFamilies: ['IPv6'] }],
])('a change of %s shows', (_, spec) => {
  const book = new ServiceBook();
  const plain = service({ ports: [{ name: 'http', port: 80, nodePort: 30_080 }] });
  const before = { ...inputs, services: [plain], endpointSlices: [] };
  const after = { ...before, services: [{ ...plain, spec: { ...plain.spec, ...spec } }] };
  const old = book.ports(before);
  expect(book.ports(after)).not.toEqual(old);
  expect(book.ports(after)).toEqual(new ServiceBook().ports(after));
  expect(book.ports(before)).toEqual(old);
});

describe('health checks', () => {
  const checked = service({
    type: 'LoadBalancer',
    externalTrafficPolicy: 'Local',
    healthCheckNodePort: 32_000,
    ipFamilies: ['IPv4', 'IPv6'],
  });
  const given = { ...inputs, services: [checked, api] };
  const expected = (endpoints: number) => [{ port: 32_000, namespace: 'shop', name: 'web', endpoints }];

  test('count the endpoints of the first family, each once', () => {
    const book = new ServiceBook();
    const six = slice([endpoint('fd00::5')], {
      metadata: { ...webSlice.metadata, name: 'six' },
      addressType: 'IPv6',
    });
    book.ports({ ...given, endpointSlices: [webSlice, six] });
    expect(book.healthChecks()).toEqual(expected(2));
    book.ports({ ...given, endpointSlices: [six] });
    expect(book.healthChecks()).toEqual(expected(0));
  });

  test('are the identical list when nothing of them changed', () => {
    const book = new ServiceBook();
    book.ports(given);
    const before = book.healthChecks();
    book.ports({ ...given, services: [{ ...checked }, service({ sessionAffinity: 'ClientIP' }, apiMeta)] });
    expect(book.healthChecks()).toBe(before);
  });

  test.each([
    ['the Service is gone', [api]],
    ['its policy is Cluster', [{ ...checked, spec: { ...checked.spec, externalTrafficPolicy: 'Cluster' } }]],
  ])('end when %s', (_, services) => {
    const book = new ServiceBook();
    book.ports(given);
    book.ports({ ...given, services });
    expect(book.healthChecks()).toEqual([]);
  });
});

test('another zone of the gateway shows', () => {
  const book = new ServiceBook();
  const endpoints = ['a', 'b'].map((name, at) =>
    endpoint(`10.244.1.${at}`, { hints: { forZones: [{ name }] } }),
  );
  const endpointSlices = [slice(endpoints)];
  const inZone = (zone: string | undefined) =>
    book.ports({ ...inputs, endpointSlices, zone })[0]?.endpoints.map(({ address }) => address);
  expect(inZone('a')).toEqual(['10.244.1.0']);
  expect(inZone('b')).toEqual(['10.244.1.1']);
  expect(inZone(undefined)).toHaveLength(2);
});

test('an id passes to an older Service, and back when that goes', () => {
  const book = new ServiceBook();
  const old = service({}, { ...apiMeta, name: 'old', creationTimestamp: '2025-01-01T00:00:00Z' });
  const owner = (services: ServiceInputs['services']) =>
    book.ports({ ...inputs, services }).map(({ key }) => key);
  expect(owner([api])).toEqual(['shop/api:http']);
  expect(owner([api, old])).toEqual(['shop/old:http']);
  expect(owner([api])).toEqual(['shop/api:http']);
});

describe('after any changes', () => {
  const names = ['web', 'api', 'db'];
  const someService = fc
    .record({
      name: fc.constantFrom(...names),
      age: fc.integer({ min: 0, max: 1 }),
      ids: fc.constantFrom('', 'TCP/80=17', 'TCP/80=18', 'TCP/80=17,UDP/53=18'),
      type: fc.constantFrom('NodePort', 'LoadBalancer', 'ClusterIP'),
      uid: fc.integer({ min: 0, max: 1 }),
    })
    .map(({ name, age, ids, type, uid }) =>
      service(
        { type, loadBalancerClass: 'sluice.dev/gateway', ipFamilies: ['IPv4', 'IPv6'] },
        {
          ...{ name, uid: `${name}-${uid}`, creationTimestamp: `2026-01-0${age + 1}T00:00:00Z` },
          annotations: { 'sluice.dev/service-ids': ids },
        },
        { loadBalancer: { ingress: [{ ip: '198.18.0.1' }, { ip: '198.18.0.2' }] } },
      ),
    );
  const someSlice = fc
    .record({
      owner: fc.constantFrom(...names, undefined),
      name: fc.integer({ min: 0, max: 3 }),
      addresses: fc.subarray(['10.244.1.1', '10.244.1.2', '10.244.1.3']),
      nodeName: fc.constantFrom('worker-1', 'worker-2', 'elsewhere'),
      zone: fc.constantFrom('a', 'b'),
    })
    .map(({ owner, name, addresses, nodeName, zone }) =>
      slice(
        addresses.map((address) => endpoint(address, { nodeName, hints: { forZones: [{ name: zone }] } })),
        {
          metadata: {
            ...{ name: `slice-${name}`, namespace: 'shop' },
            labels: owner === undefined ? {} : { 'kubernetes.io/service-name': owner },
          },
        },
      ),
    );
  const pool: EgressPool = {
    metadata: { name: 'default' },
    spec: { ranges: [], uplink: { nextHops: [] }, slots: 2, dualStack: 'Single' },
    status: { id: 1 },
  };
  const someAddress = fc
    .record({
      name: fc.constantFrom(...names),
      uid: fc.integer({ min: 0, max: 1 }),
      address: fc.constantFrom('198.18.0.1', '198.18.0.2'),
      slot: fc.integer({ min: 0, max: 1 }),
      sharers: fc.subarray(names),
    })
    .map(({ name, uid, address, slot, sharers }): EgressAddress => ({
      metadata: { name: address.replaceAll('.', '-') },
      spec: {
        ...{ id: 1, pool: 'default', slot, addresses: [address] },
        claim: { kind: 'Service', namespace: 'shop', name, uid: `${name}-${uid}` },
        sharedWith: sharers
          .filter((other) => other !== name)
          .map((other) => ({ name: other, uid: `${other}-${uid}` })),
      },
    }));
  const gateway: EgressGateway = {
    metadata: { name: 'gw' },
    spec: { nodeName: 'worker-2', uplinkInterface: 'eth1', capacity: 1, draining: false },
  };
  const named = {
    selector: ({ metadata }: { readonly metadata: { readonly name: string } }) => metadata.name,
  };
  const someInputs: fc.Arbitrary<ServiceInputs> = fc.record({
    services: fc.uniqueArray(someService, named),
    endpointSlices: fc.uniqueArray(someSlice, named),
    nodeIds: fc
      .subarray(['worker-1', 'worker-2', 'worker-3'])
      .map((nodes) => new Map(nodes.map((node, at) => [node, at + 1]))),
    gateways: fc.subarray([gateway]),
    addresses: fc.uniqueArray(someAddress, named),
    pools: fc.subarray([pool]),
    zone: fc.constantFrom('a', undefined),
  });
  const lists = ['services', 'endpointSlices', 'nodeIds', 'gateways', 'addresses', 'pools', 'zone'] as const;
  /** Of the next world: which lists are those of the one before (as a rule all but one), and whether objects are. */
  const shared = fc.record({
    lists: fc.oneof(
      { arbitrary: fc.constantFrom(...lists).map((one) => lists.filter((list) => list !== one)), weight: 4 },
      { arbitrary: fc.subarray([...lists]), weight: 1 },
    ),
    objects: fc.boolean(),
  });
  interface Shared {
    readonly lists: readonly (keyof ServiceInputs)[];
    readonly objects: boolean;
  }

  const mix = <T extends { readonly metadata: { readonly name: string } }>(
    before: readonly T[],
    after: readonly T[],
  ): readonly T[] =>
    after.map((one, at) =>
      at % 2 === 0 ? (before.find((old) => old.metadata.name === one.metadata.name) ?? one) : one,
    );

  function next(before: ServiceInputs, after: ServiceInputs, { lists, objects }: Shared): ServiceInputs {
    const kept = Object.fromEntries(lists.map((list) => [list, before[list]]));
    const mixed = objects
      ? {
          services: mix(before.services, after.services),
          endpointSlices: mix(before.endpointSlices, after.endpointSlices),
          addresses: mix(before.addresses, after.addresses),
        }
      : {};
    return { ...after, ...mixed, ...kept };
  }

  test('it says what a new book says', () => {
    const steps = fc.array(fc.tuple(someInputs, shared), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(someInputs, steps, (first, changes) => {
        const book = new ServiceBook();
        let world = first;
        book.ports(world);
        for (const [after, how] of changes) {
          world = next(world, after, how);
          expect(book.ports(world)).toEqual(new ServiceBook().ports(world));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('its entries are sorted and no id is there twice in a family', () => {
    fc.assert(
      fc.property(someInputs, (world) => {
        const keys = new ServiceBook().ports(world).map(({ serviceId, family }) => serviceId * 10 + family);
        expect(keys).toEqual([...new Set(keys)].toSorted((a, b) => a - b));
      }),
    );
  });
});
