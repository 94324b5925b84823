/** Plans applied to a world by hand, until nothing is left to do: what users would see. */
import { describe, expect, test } from '@jest/globals';
import {
  type EgressAddress,
  type EgressGateway,
  type EgressPool,
  type Namespace,
  type Node,
} from '@sluice/kube';
import { type ClusterPlan, type EgressStatusEntry } from '../cluster-plan.js';
import { egressAnnotation, egressStatusAnnotation, nodeIdAnnotation } from '../names.js';
import { type World } from '../world.js';
import { type PlanContext } from './context.js';
import { planCluster } from './plan-cluster.js';

const nowMs = Date.UTC(2026, 0, 1);
const context = {
  nowMs,
  nowIso: '2026-01-01T00:00:00Z',
  resting: [],
  formerSlots: new Map(),
  defaultUplinkInterface: 'eth1',
  holders: 'assigned' as const,
  leaseSeconds: 15,
  defaultLoadBalancer: false,
};

const created = (order: number): string => `2026-01-01T00:00:${String(order).padStart(2, '0')}Z`;

const gatewayNode = (name: string): Node => ({
  metadata: {
    name,
    uid: `uid-${name}`,
    creationTimestamp: created(0),
    labels: { 'sluice.dev/gateway': 'true' },
  },
  spec: {},
  status: {},
});

const namespace = (name: string, egress?: string, order = 1): Namespace => ({
  metadata: {
    name,
    uid: `uid-${name}`,
    creationTimestamp: created(order),
    ...(egress === undefined ? {} : { annotations: { [egressAnnotation]: egress } }),
  },
});

const pool = (
  name = 'default',
  ranges: EgressPool['spec']['ranges'] = [
    { cidr: '198.18.0.96/30' },
    { start: '2001:db8::100', end: '2001:db8::103' },
  ],
): EgressPool => ({
  metadata: { name, uid: `uid-${name}`, creationTimestamp: created(0) },
  spec: { ranges, uplink: { nextHops: ['198.18.0.1', '2001:db8::1'] }, slots: 4, dualStack: 'Paired' },
});

const lease = (name: string, ageSeconds = 0): World['leases'][number] => ({
  metadata: { name: `gateway-${name}`, namespace: 'sluice-system' },
  spec: { renewTime: new Date(nowMs - ageSeconds * 1000).toISOString() },
});

const empty: World = {
  nodes: [gatewayNode('gw-1'), gatewayNode('gw-2')],
  namespaces: [],
  pods: [],
  serviceCidrs: [],
  services: [],
  endpointSlices: [],
  pools: [pool()],
  addresses: [],
  gateways: [],
  leases: [lease('gw-1'), lease('gw-2')],
};

const condition = (type: string) => ({
  type,
  status: 'True' as const,
  reason: 'X',
  message: '',
  lastTransitionTime: context.nowIso,
});

/** What a healthy gateway process writes about itself, and about addresses that it holds. */
const speak = (gateway: EgressGateway): EgressGateway => ({
  ...gateway,
  status: { conditions: [condition('OVSReady'), condition('UplinkReady')], ...gateway.status },
});

const announce = (address: EgressAddress): EgressAddress =>
  address.status?.holder === undefined ||
  (address.status.conditions ?? []).some(({ type }) => type === 'Announced')
    ? address
    : {
        ...address,
        status: {
          ...address.status,
          conditions: [...(address.status.conditions ?? []), condition('Announced')],
        },
      };

type Conditions = readonly { readonly type: string }[];
/** As server-side apply merges lists of conditions. */
function merged<T extends { readonly conditions?: Conditions | undefined }>(
  before: T | undefined,
  next: T,
): T {
  const types = new Set((next.conditions ?? []).map(({ type }) => type));
  const others = (before?.conditions ?? []).filter(({ type }) => !types.has(type));
  return { ...before, ...next, conditions: [...others, ...(next.conditions ?? [])] };
}

const find = <T>(
  list: readonly { readonly name: string; readonly status: T }[],
  name: string,
): T | undefined => list.find((entry) => entry.name === name)?.status;

function write(world: World, plan: ClusterPlan): World {
  const meta = (name: string) => ({ name, uid: `uid-${name}`, creationTimestamp: created(9) });
  const removed = new Set(plan.addresses.remove.map(({ name }) => name));
  return {
    ...world,
    nodes: world.nodes.map((node) => {
      const id = plan.nodeIds.find(({ name }) => name === node.metadata.name)?.id;
      return id === undefined
        ? node
        : { ...node, metadata: { ...node.metadata, annotations: { [nodeIdAnnotation]: String(id) } } };
    }),
    gateways: [
      ...world.gateways,
      ...plan.gateways.create.map(({ name, spec, labels }): EgressGateway => ({
        metadata: { ...meta(name), labels },
        spec,
      })),
    ]
      .filter(({ metadata }) => !plan.gateways.remove.some(({ name }) => name === metadata.name))
      .map((gateway) => {
        const status = find(plan.gateways.status, gateway.metadata.name);
        return speak(status === undefined ? gateway : { ...gateway, status: merged(gateway.status, status) });
      }),
    pools: world.pools.map((entry) => ({
      ...entry,
      status: find(plan.pools, entry.metadata.name) ?? entry.status ?? {},
    })),
    addresses: [
      ...world.addresses,
      ...plan.addresses.create.map(({ name, spec }): EgressAddress => ({ metadata: meta(name), spec })),
    ]
      .filter(({ metadata }) => !removed.has(metadata.name))
      .map((address) => {
        const status = find(plan.addresses.status, address.metadata.name);
        return announce(
          status === undefined ? address : { ...address, status: merged(address.status, status) },
        );
      }),
    namespaces: world.namespaces.map((entry) => {
      const change = plan.namespaces.find(({ name }) => name === entry.metadata.name);
      if (change === undefined) return entry;
      const { [egressStatusAnnotation]: _, ...annotations } = entry.metadata.annotations ?? {};
      const status = change.status && { [egressStatusAnnotation]: JSON.stringify(change.status) };
      return { ...entry, metadata: { ...entry.metadata, annotations: { ...annotations, ...status } } };
    }),
  };
}

const isEmpty = (plan: ClusterPlan): boolean =>
  [
    plan.nodeIds,
    plan.pools,
    plan.namespaces,
    plan.serviceIds.write,
    plan.events,
    ...Object.values(plan.gateways),
    ...Object.values(plan.addresses),
  ].every((list: readonly unknown[]) => list.length === 0);

interface Settled {
  readonly world: World;
  readonly events: readonly string[];
}

function settle(start: World, during: PlanContext = context): Settled {
  let world = start;
  let resting: ClusterPlan['resting'] = [];
  const events: string[] = [];
  for (let round = 0; round < 12; round++) {
    const plan = planCluster(world, { ...during, resting });
    if (isEmpty(plan)) return { world, events };
    events.push(...plan.events.map(({ reason }) => reason));
    resting = plan.resting;
    world = write(world, plan);
  }
  throw new Error('the plan never settles');
}

const status = (world: World, name: string): readonly EgressStatusEntry[] => {
  const found = world.namespaces.find(({ metadata }) => metadata.name === name);
  return JSON.parse(found?.metadata.annotations?.[egressStatusAnnotation] ?? '[]') as EgressStatusEntry[];
};

const annotate = (world: World, name: string, egress: string | undefined): World => ({
  ...world,
  namespaces: world.namespaces.map((entry) => {
    if (entry.metadata.name !== name) return entry;
    const { [egressAnnotation]: _, ...annotations } = entry.metadata.annotations ?? {};
    return {
      ...entry,
      metadata: {
        ...entry.metadata,
        annotations: { ...annotations, ...(egress === undefined ? {} : { [egressAnnotation]: egress }) },
      },
    };
  }),
});

const ready = (address: string): unknown => expect.objectContaining({ address, state: 'Ready' });

describe('a fresh cluster', () => {
  test('gets node ids, gateways, and a pool whose slots are spread', () => {
    const { world } = settle(empty);
    expect(world.nodes.map(({ metadata }) => metadata.annotations?.[nodeIdAnnotation])).toEqual(['1', '2']);
    expect(world.gateways.map(({ spec }) => spec.uplinkInterface)).toEqual(['eth1', 'eth1']);
    const slots = world.pools[0]?.status?.slots ?? [];
    expect(slots.map(({ holder }) => holder).toSorted()).toEqual(['gw-1', 'gw-1', 'gw-2', 'gw-2']);
    expect(slots.every(({ order, holder }) => order[0] === holder && order.length === 2)).toBe(true);
    expect(world.pools[0]?.status).toMatchObject({ id: 1, capacity: 4, allocated: 0, free: 4 });
  });
});

describe('gateways that take slots by themselves', () => {
  const zoned = (name: string, zone: string): Node => {
    const node = gatewayNode(name);
    const labels = { ...node.metadata.labels, 'topology.kubernetes.io/zone': zone };
    return { ...node, metadata: { ...node.metadata, labels } };
  };
  const nodes = [zoned('gw-1', 'a'), zoned('gw-2', 'a'), zoned('gw-3', 'b')];
  const leases = nodes.map(({ metadata }) => lease(metadata.name));
  const recorded = { ...context, holders: 'recorded' as const };
  const orders = (world: World) => (world.pools[0]?.status?.slots ?? []).map(({ order }) => order);

  test('have the zone of their nodes, and slots pass to another zone first', () => {
    const { world } = settle({ ...empty, nodes, leases }, recorded);
    expect(world.gateways.map(({ spec }) => spec.zone)).toEqual(['a', 'a', 'b']);
    const inZone = orders(world).filter(([first]) => first !== 'gw-3');
    expect(inZone.map(([, second]) => second)).toEqual(inZone.map(() => 'gw-3'));
  });

  test('move only the slots of one that drains', () => {
    const { world } = settle({ ...empty, nodes, leases }, recorded);
    const gateways = world.gateways.map((gateway) => ({
      ...gateway,
      spec: { ...gateway.spec, draining: gateway.metadata.name === 'gw-1' },
    }));
    const drained = orders(settle({ ...world, gateways }, recorded).world);
    const kept = orders(world).filter(([first], slot) => drained[slot]?.[0] === first);
    expect(kept).toEqual(orders(world).filter(([first]) => first !== 'gw-1'));
    expect(drained.map((order) => order.at(-1))).toEqual(drained.map(() => 'gw-1'));
  });
});

describe('a namespace', () => {
  test('with a pool gets a pair, ready on a gateway', () => {
    const { world, events } = settle({ ...empty, namespaces: [namespace('a', 'pool/default')] });
    expect(status(world, 'a')).toEqual([ready('198.18.0.96'), ready('2001:db8::100')]);
    expect(world.addresses[0]?.metadata.name).toBe('198-18-0-96');
    expect(events).toEqual(['EgressAssigned', 'EgressReady']);
  });

  test('with one address gets that one, and is told that the other family is blocked', () => {
    const { world, events } = settle({ ...empty, namespaces: [namespace('a', '198.18.0.98')] });
    expect(status(world, 'a')).toEqual([ready('198.18.0.98')]);
    expect(events).toContain('FamilyBlocked');
  });

  test.each([
    ['not-an-address', 'AnnotationInvalid', 'character 1'],
    ['198.18.0.97,198.18.0.98', 'AnnotationInvalid', 'character 13'],
    ['203.0.113.9', 'AddressNotInPool', '203.0.113.9'],
    ['pool/none', 'PoolNotFound', 'none'],
  ])('with %s is refused', (egress, reason, words) => {
    const { world, events } = settle({ ...empty, namespaces: [namespace('a', egress)] });
    expect(status(world, 'a')).toEqual([
      { state: 'Refused', reason, message: expect.stringContaining(words), request: egress },
    ]);
    expect(events).toEqual([reason]);
    expect(world.addresses).toEqual([]);
  });

  test('that asks for an address in use is refused with its owner; the older one has it', () => {
    const namespaces = [namespace('late', '198.18.0.97', 5), namespace('early', '198.18.0.97', 2)];
    const { world } = settle({ ...empty, namespaces });
    expect(status(world, 'early')).toEqual([ready('198.18.0.97')]);
    expect(status(world, 'late')).toMatchObject([
      { reason: 'AddressInUse', message: expect.stringContaining('early') },
    ]);
  });

  test('keeps what worked when the new value is wrong', () => {
    const { world } = settle({ ...empty, namespaces: [namespace('a', '198.18.0.97')] });
    const after = settle(annotate(world, 'a', 'nonsense')).world;
    expect(status(after, 'a')).toMatchObject([
      { address: '198.18.0.97', state: 'Ready' },
      { state: 'Refused' },
    ]);
    expect(after.addresses).toHaveLength(1);
  });

  test('that changes its address has the new one before the old one goes', () => {
    const { world } = settle({ ...empty, namespaces: [namespace('a', '198.18.0.97')] });
    const plan = planCluster(annotate(world, 'a', '198.18.0.98'), context);
    expect(plan.addresses).toMatchObject({ create: [{ name: '198-18-0-98' }], remove: [] });
    const after = settle(annotate(world, 'a', '198.18.0.98')).world;
    expect(after.addresses.map(({ metadata }) => metadata.name)).toEqual(['198-18-0-98']);
  });

  test('without annotation gives everything back', () => {
    const { world } = settle({ ...empty, namespaces: [namespace('a', 'pool/default')] });
    const after = settle(annotate(world, 'a', undefined));
    expect(after.world.addresses).toEqual([]);
    expect(after.events).toEqual(['EgressReleased']);
  });

  test('that is gone gives everything back', () => {
    const { world } = settle({ ...empty, namespaces: [namespace('a', 'pool/default')] });
    expect(settle({ ...world, namespaces: [] }).world.addresses).toEqual([]);
  });

  test('waits when the pool is exhausted', () => {
    const namespaces = ['a', 'b', 'c', 'd', 'e'].map((name, order) => namespace(name, 'pool/default', order));
    const { world } = settle({ ...empty, namespaces });
    expect(status(world, 'e')).toMatchObject([{ state: 'Refused', reason: 'PoolExhausted' }]);
    expect(world.pools[0]?.status?.free).toBe(0);
  });
});

describe('a gateway', () => {
  test('that is silent is Lost, keeps its slots, and its addresses say so', () => {
    const { world } = settle({ ...empty, namespaces: [namespace('a', 'pool/default')] });
    const holder = world.addresses[0]?.status?.holder ?? '';
    const silent = world.leases.map((entry) =>
      entry.metadata.name.endsWith(holder) ? lease(holder, 60) : entry,
    );
    const after = settle({ ...world, leases: silent }).world;
    expect(after.gateways.find(({ metadata }) => metadata.name === holder)?.status?.state).toBe('Lost');
    expect(after.addresses[0]?.status?.holder).toBe(holder);
    expect(status(after, 'a')).toMatchObject([
      { state: 'Pending', reason: 'NoReadyGateway' },
      { state: 'Pending' },
    ]);
  });

  test('whose node is gone loses its slots to the other one, with a new epoch', () => {
    const { world } = settle(empty);
    const after = settle({ ...world, nodes: world.nodes.slice(1) }).world;
    const slots = after.pools[0]?.status?.slots ?? [];
    expect(slots.every(({ holder }) => holder === 'gw-2')).toBe(true);
    expect(slots.map(({ epoch }) => epoch).toSorted()).toEqual([1, 1, 2, 2]);
  });
});

test('pools: malformed ranges and overlaps with an older pool give nothing out', () => {
  const pools = [
    pool(),
    { ...pool('wrong', [{ start: '198.18.0.9', end: '198.18.0.3' }]) },
    pool('young', [{ cidr: '198.18.0.0/24' }]),
  ];
  const { world } = settle({
    ...empty,
    pools,
    namespaces: [namespace('a', 'pool/wrong'), namespace('b', 'pool/young')],
  });
  expect(
    world.pools.map(({ status: own }) => own?.conditions?.find(({ type }) => type === 'Ready')?.reason),
  ).toEqual(['PoolReady', 'RangeInvalid', 'RangesOverlap']);
  expect(status(world, 'a')).toMatchObject([{ state: 'Refused', reason: 'PoolNotReady' }]);
  expect(status(world, 'b')).toMatchObject([{ state: 'Refused', reason: 'PoolNotReady' }]);
});

test('an id that was released rests for an hour', () => {
  const plan = planCluster(settle({ ...empty, namespaces: [namespace('a', 'pool/default')] }).world, context);
  const again = planCluster(
    { ...settle(empty).world, namespaces: [namespace('b', 'pool/default')] },
    { ...context, resting: plan.resting },
  );
  expect(plan.resting.find(({ kind, id }) => kind === 'egress' && id === 1)?.untilMs).toBeGreaterThanOrEqual(
    nowMs + 3_600_000,
  );
  expect(again.addresses.create[0]?.spec.id).toBe(2);
});
