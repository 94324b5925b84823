/** What a node must do, from objects as the API server gives them, spoilt ones included. */
import { describe, expect, test } from '@jest/globals';
import {
  type EgressAddress,
  type EgressPool,
  type EndpointSlice,
  type Namespace,
  type Node,
  type Pod,
} from '@sluice/kube';
import { type EgressStatusEntry } from './cluster-plan.js';
import { egressAnnotation, egressStatusAnnotation, nodeIdAnnotation } from './names.js';
import { resolve } from './resolve.js';
import { ServiceBook } from './services/service-book.js';
import { endpoint, service, slice as serviceSlice } from './services/testing/objects.js';
import { type NodeFacts, type World } from './world.js';

const node = (name: string, id: string, address: string, cidr?: string): Node => ({
  metadata: { name, creationTimestamp: '2026-01-01T00:00:00Z', annotations: { [nodeIdAnnotation]: id } },
  spec: cidr === undefined ? {} : { podCIDRs: [cidr] },
  status: { addresses: [{ type: 'InternalIP', address }] },
});

const pool: EgressPool = {
  metadata: { name: 'default' },
  spec: {
    ranges: [{ cidr: '198.18.0.96/27' }],
    uplink: { nextHops: ['198.18.0.1'], prefixLengths: [24, 64] },
    slots: 2,
    dualStack: 'Paired',
  },
  status: {
    id: 1,
    slots: [
      { slot: 0, holder: 'gw', epoch: 1, order: ['gw'] },
      { slot: 1, holder: 'other', epoch: 1, order: ['other', 'gw'] },
    ],
  },
};

const claim = (id: number, addresses: readonly string[], uid: string, slot = 0): EgressAddress => ({
  metadata: { name: String(id) },
  spec: { id, pool: 'default', addresses, slot, claim: { kind: 'Namespace', name: 'a', uid } },
});

const namespace = (egress?: string, status?: readonly EgressStatusEntry[]): Namespace => ({
  metadata: {
    name: 'a',
    uid: 'uid-a',
    annotations: {
      ...(egress === undefined ? {} : { [egressAnnotation]: egress }),
      ...(status === undefined ? {} : { [egressStatusAnnotation]: JSON.stringify(status) }),
    },
  },
});

const pod = (name: string, ips: readonly string[], rest: Partial<NonNullable<Pod['spec']>> = {}): Pod => ({
  metadata: { name, namespace: 'a' },
  spec: { containers: [], nodeName: 'worker', ...rest },
  status: { phase: 'Running', podIPs: ips.map((ip) => ({ ip })) },
});

const slice = (namespace: string, service: string, address: string): EndpointSlice => ({
  metadata: { name: service, namespace, labels: { 'kubernetes.io/service-name': service } },
  addressType: 'IPv4',
  endpoints: [{ addresses: [address] }],
  ports: null,
});

const world: World = {
  nodes: [node('worker', '1', '10.0.0.1', '10.244.1.0/24'), node('gw', '3', '10.0.0.3')],
  namespaces: [namespace()],
  pods: [pod('one', ['10.244.1.5', 'fd00:244::5'])],
  serviceCidrs: [],
  services: [],
  endpointSlices: [slice('default', 'kubernetes', '10.9.9.9'), slice('a', 'kubernetes', '203.0.113.9')],
  pools: [pool],
  addresses: [],
  gateways: [
    {
      metadata: { name: 'gw' },
      spec: { nodeName: 'gw', uplinkInterface: 'eth1', capacity: 1, draining: false },
    },
  ],
  leases: [],
};

const facts: NodeFacts = {
  nodeName: 'worker',
  roles: { agent: true, gateway: false },
  underlayMtu: 1500,
  underlayFamily: 4,
  clusterCidrs: [],
  podInterfaces: new Map([
    ['10.244.1.5', 'veth1'],
    ['fd00:244::5', 'veth1'],
  ]),
};

const intent = (changes: Partial<World>, own: NodeFacts = facts) => {
  const resolution = resolve({ ...world, ...changes }, own);
  if (resolution.kind === 'waiting') throw new Error(resolution.reason);
  return resolution.intent;
};

const verdicts = (changes: Partial<World>) => intent(changes).agent?.pods.map(({ verdict }) => verdict);
const direct = { kind: 'direct' };
const blocked = { kind: 'capture' };
const captured = (egressId: number) => ({ kind: 'capture', egressId });

describe('a Pod', () => {
  const v4 = claim(7, ['198.18.0.100'], 'uid-a');
  const both = claim(7, ['198.18.0.100', '2001:db8::100'], 'uid-a');
  const refused: readonly EgressStatusEntry[] = [{ state: 'Refused', request: '203.0.113.9' }];

  test.each([
    ['without annotation is direct', namespace(), [], [direct, direct]],
    ['whose request is not answered is blocked', namespace('198.18.0.100'), [], [blocked, blocked]],
    ['has the egress of both families', namespace('pool/default'), [both], [captured(7), captured(7)]],
    ['is blocked in the family without address', namespace('198.18.0.100'), [v4], [captured(7), blocked]],
    [
      'keeps the last good setting after a malformed one',
      namespace('nonsense'),
      [v4],
      [captured(7), blocked],
    ],
    ['with a malformed first setting is direct', namespace('nonsense'), [], [direct, direct]],
    ['whose very request was refused is direct', namespace('203.0.113.9', refused), [], [direct, direct]],
    [
      'keeps the last good setting after a refusal',
      namespace('203.0.113.9', refused),
      [v4],
      [captured(7), blocked],
    ],
    ['ignores a refusal of an earlier request', namespace('198.18.0.101', refused), [], [blocked, blocked]],
    [
      'has no claim of an earlier namespace of the same name',
      namespace('198.18.0.100'),
      [claim(7, ['198.18.0.100'], 'uid-old')],
      [blocked, blocked],
    ],
    ['is direct as soon as the annotation goes', namespace(), [v4], [direct, direct]],
  ])('%s', (_, own, addresses, expected) => {
    expect(verdicts({ namespaces: [own], addresses })).toEqual(expected);
  });

  test.each([
    ['of a namespace that is not known', { namespaces: [] }],
    ['of the host network', { pods: [pod('one', ['10.244.1.5'], { hostNetwork: true })] }],
    ['of another node', { pods: [pod('one', ['10.244.1.5'], { nodeName: 'elsewhere' })] }],
    ['whose interface is not known', { pods: [pod('one', ['10.244.1.6'])] }],
    ['with garbage for an address', { pods: [pod('one', ['x', ''])] }],
  ])('%s is left out', (_, changes) => {
    expect(verdicts(changes)).toEqual([]);
  });
});

describe('a Pod of a Service that leaves with its address', () => {
  const web: readonly Pod[] = [
    {
      ...pod('one', ['10.244.1.5', 'fd00:244::5']),
      metadata: { name: 'one', namespace: 'a', labels: { app: 'web' } },
    },
  ];
  const of = (id: number, addresses: readonly string[], app = 'web', namespace = 'a'): EgressAddress => {
    const address = claim(id, addresses, 'uid-service');
    const owner = { kind: 'Service', namespace, name: 'web', uid: 'uid-service' };
    return { ...address, spec: { ...address.spec, claim: owner, pods: [{ matchLabels: { app } }] } };
  };
  const both = ['198.18.0.100', '2001:db8::100'];

  test.each([
    ['leaves with it', namespace(), [of(7, both)], [captured(7), captured(7)]],
    [
      'is blocked in the family without address',
      namespace(),
      [of(7, ['198.18.0.100'])],
      [captured(7), blocked],
    ],
    [
      'uses an address of each family',
      namespace(),
      [of(7, ['198.18.0.100']), of(8, ['2001:db8::100'])],
      [captured(7), captured(8)],
    ],
    [
      'leaves with it even if the namespace has an egress',
      namespace('198.18.0.101'),
      [of(7, both), claim(6, ['198.18.0.101'], 'uid-a')],
      [captured(7), captured(7)],
    ],
    ['whose labels are others does not', namespace(), [of(7, both, 'db')], [direct, direct]],
    ['of another namespace does not', namespace(), [of(7, both, 'web', 'b')], [direct, direct]],
  ])('%s', (_, own, addresses, expected) => {
    expect(verdicts({ namespaces: [own], pods: web, addresses })).toEqual(expected);
  });
});

describe('an agent', () => {
  test('has the routes and slots of the egresses that its Pods use, and a tunnel to the gateway', () => {
    const addresses = [claim(7, ['198.18.0.100'], 'uid-a'), claim(8, ['198.18.0.101'], 'uid-b', 1)];
    const { agent, peers } = intent({ namespaces: [namespace('198.18.0.100')], addresses });
    expect(agent?.egresses).toEqual([{ egressId: 7, slot: 1024, serving: [3] }]);
    expect(agent?.slots).toEqual([{ slot: 1024, gateways: [3] }]);
    expect(peers).toEqual([{ nodeId: 3, nodeName: 'gw', address: '10.0.0.3', gateway: true }]);
  });

  test('leaves the cluster, its nodes and the API server alone, but no other endpoint', () => {
    expect(intent({}).agent?.clusterCidrs).toEqual([
      '10.0.0.1/32',
      '10.0.0.3/32',
      '10.244.1.0/24',
      '10.9.9.9/32',
    ]);
  });

  test.each(['', '0', '65024', 'one', '1.5'])('waits for an id that is one, not "%s"', (id) => {
    expect(resolve({ ...world, nodes: [node('worker', id, '10.0.0.1')] }, facts).kind).toBe('waiting');
  });
});

describe('a gateway', () => {
  const uplink = { interface: 'eth1', mac: '02:00:00:00:00:03', mtu: 1500, addresses: ['198.18.0.3/24'] };
  const own: NodeFacts = { ...facts, nodeName: 'gw', roles: { agent: false, gateway: true }, uplink };

  test('knows all egresses of its pools and holds those of its slots', () => {
    const addresses = [claim(7, ['198.18.0.100'], 'uid-a'), claim(8, ['198.18.0.101'], 'uid-b', 1)];
    const { gateway, peers } = intent({ addresses }, own);
    expect(gateway?.egresses.map(({ egressId, slot, held }) => [egressId, slot, held])).toEqual([
      [7, 1024, true],
      [8, 1025, false],
    ]);
    expect(gateway?.pools).toEqual([
      { poolId: 1, sources: ['198.18.0.96/27'], subnet: '198.18.0.0/24', nextHop: '198.18.0.1' },
    ]);
    expect(peers.map(({ nodeName }) => nodeName)).toEqual(['worker']);
  });

  test('serves Services, with a book as without', () => {
    const changes = {
      services: [service()],
      endpointSlices: [serviceSlice([endpoint('10.244.1.5', { nodeName: 'worker' })])],
    };
    const { gateway } = intent(changes, own);
    const found = gateway?.services.map(({ serviceId, endpoints }) => [serviceId, endpoints[0]?.nodeId]);
    expect(found).toEqual([
      [17, 1],
      [18, 1],
    ]);
    const book = new ServiceBook();
    const both = [1, 2].map(() => resolve({ ...world, ...changes }, own, book));
    expect(both).toEqual([1, 2].map(() => ({ kind: 'ready', intent: intent(changes, own) })));
  });

  test('waits for its uplink', () => {
    const { uplink: _, ...without } = own;
    expect(resolve(world, without).kind).toBe('waiting');
  });
});

test('the order of objects does not matter', () => {
  const addresses = [claim(7, ['198.18.0.100'], 'uid-a'), claim(8, ['198.18.0.101'], 'uid-b', 1)];
  const changes = { namespaces: [namespace('198.18.0.100')], addresses };
  expect(intent({ ...changes, addresses: addresses.toReversed(), nodes: world.nodes.toReversed() })).toEqual(
    intent(changes),
  );
});
