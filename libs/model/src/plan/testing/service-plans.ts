/** Plans of addresses for Services, applied by hand until nothing is left to do: what their owners see. For specs. */
import { parseIp } from '@sluice/core';
import { parseRanges } from '@sluice/ipam';
import { type EgressAddress, type EgressPool, type Namespace, type Service } from '@sluice/kube';
import { gatewayLoadBalancerClass } from '../../names.js';
import { service } from '../../services/testing/objects.js';
import { Allocator, type AllocatorInputs } from '../allocator.js';
import { Ids } from '../ids.js';
import { type PlannedPool } from '../pools.js';
import { planServiceAllocations } from '../service-allocations.js';

export const both = ['IPv4', 'IPv6'];

/** Of our class, in namespace shop. */
export const loadBalancer = (name: string, spec: Partial<Service['spec']> = {}, annotations = {}): Service =>
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

export interface Given {
  readonly services: readonly Service[];
  readonly addresses?: readonly EgressAddress[];
  readonly pools?: Readonly<Record<string, Partial<EgressPool['spec']>>>;
  readonly defaultClass?: boolean;
  /** Of namespace shop. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly formerSlots?: AllocatorInputs['formerSlots'];
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
export function settle({
  services,
  addresses = [],
  pools = { default: {} },
  defaultClass = false,
  labels = {},
  formerSlots = new Map(),
}: Given) {
  const namespaces: readonly Namespace[] = [{ metadata: { name: 'shop', labels } }];
  let world = { services, addresses };
  const told: string[] = [];
  for (let round = 0; round < 8; round++) {
    const ids = new Ids([], 0);
    for (const { spec } of world.addresses) ids.use('egress', spec.id);
    const all = Object.entries(pools).map(([name, spec]) => planned(name, world.addresses, spec));
    const allocator = new Allocator({
      addresses: world.addresses,
      pools: all,
      namespaces,
      ids,
      formerSlots,
    });
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

/** Addresses of each status. */
export const shown = (services: readonly Service[]): Record<string, readonly (string | undefined)[]> =>
  Object.fromEntries(
    services.map(({ metadata, status }) => [
      metadata.name,
      (status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip),
    ]),
  );

/** The first one is 0. */
export const pair = (last: number) => [
  `198.18.0.${96 + last}`,
  `2001:db8:18::${(0x100 + last).toString(16)}`,
];

/** The same Service with other settings. */
export const changed = (service: Service | undefined, spec: object, annotations = {}): Service =>
  ({
    ...service,
    spec: { ...service?.spec, ...spec },
    metadata: { ...service?.metadata, annotations: { ...service?.metadata.annotations, ...annotations } },
  }) as Service;
