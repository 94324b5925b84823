/**
 * Services with endpoints, many of them, as objects that every service proxy reads: LoadBalancers without a selector, so
 * that nobody else works on them, that share addresses, so that a small pool is enough. Endpoints are no Pods.
 */
import { silentLogger, systemClock } from '@sluice/core';
import {
  type Applied,
  egressPools,
  type EndpointSlice,
  endpointSlices,
  type KubeClient,
  namespaces,
  Reflector,
  type Service,
  services,
} from '@sluice/kube';
import {
  gatewayLoadBalancerClass,
  poolAnnotation,
  serviceNameLabel,
  sharedAddressAnnotation,
} from '@sluice/model';
import { ensure, forEach } from '../lab/many.js';
import { until } from '../lab/until.js';

export const namespace = 'bench-services';

export interface Load {
  readonly services: number;
  /** Of each Service. */
  readonly endpoints: number;
}

/** Services that share one address; they differ by their ports. An address takes 257. */
const sharers = 250;
const firstPort = 1000;
export const targetPort = 8080;
const patienceMs = 900_000;

export const serviceName = (index: number): string => `s-${index}`;

/** Networks that no node has: nothing answers there. */
const endpointAddress = (index: number): string =>
  `10.${245 + (Math.floor(index / 62_500) % 8)}.${Math.floor(index / 250) % 250}.${(index % 250) + 1}`;

export const serviceOf = (index: number): Applied<Service> => ({
  metadata: {
    namespace,
    name: serviceName(index),
    annotations: {
      [sharedAddressAnnotation]: `of-${Math.floor(index / sharers)}`,
      [poolAnnotation]: pool,
    },
  },
  spec: {
    type: 'LoadBalancer',
    loadBalancerClass: gatewayLoadBalancerClass,
    allocateLoadBalancerNodePorts: false,
    ipFamilyPolicy: 'SingleStack',
    ipFamilies: ['IPv4'],
    ports: [{ name: 'web', protocol: 'TCP', port: firstPort + (index % sharers), targetPort }],
  },
});

/** `shift` moves it to other endpoints. */
export const sliceOf = (index: number, count: number, shift = 0): Applied<EndpointSlice> => ({
  metadata: {
    namespace,
    name: serviceName(index),
    labels: { [serviceNameLabel]: serviceName(index) },
  },
  addressType: 'IPv4',
  endpoints: Array.from({ length: count }, (_, at) => ({
    addresses: [endpointAddress(index * count + at + shift)],
    conditions: { ready: true, serving: true, terminating: false },
    nodeName: 'worker-1',
  })),
  ports: [{ name: 'web', protocol: 'TCP', port: targetPort }],
});

/** Big enough for all of them; nobody visits its addresses. */
const pool = 'bench';

async function ensurePool(client: KubeClient): Promise<void> {
  const [like] = await client.listAll(egressPools);
  if (like === undefined) throw new Error('the lab has no EgressPool');
  const spec = { ...like.spec, ranges: [{ cidr: '198.19.0.0/22' }] };
  await ensure(client.create(egressPools, { metadata: { name: pool }, spec }));
}

export async function createOne(client: KubeClient, index: number, endpoints: number): Promise<void> {
  await ensure(client.create(endpointSlices, sliceOf(index, endpoints)));
  await ensure(client.create(services, serviceOf(index)));
}

const hasAddress = ({ status }: Service): boolean => (status?.loadBalancer?.ingress ?? []).length > 0;

/** Adds Services until there are so many, and waits until each of them has its address. */
export async function populate(client: KubeClient, from: number, load: Load): Promise<void> {
  await ensure(client.create(namespaces, { metadata: { name: namespace } }));
  await ensurePool(client);
  const addressed = new Addressed(client);
  try {
    await forEach(from, load.services, (index) => createOne(client, index, load.endpoints));
    const all = () => Promise.resolve(addressed.has(load.services) || undefined);
    await until(`${load.services} Services to have their addresses`, all, patienceMs);
  } finally {
    await addressed.stop();
  }
}

/** Which Services have their addresses, by a watch: to read thousands again and again is what the API server would do then. */
class Addressed {
  private readonly reflector: Reflector<Service>;
  private readonly names = new Set<string>();

  constructor(client: KubeClient) {
    const parts = { client, clock: systemClock, logger: silentLogger };
    this.reflector = new Reflector({ ...parts, resource: services, namespace });
    this.reflector.onChange((_, __, after) => {
      if (after !== undefined && hasAddress(after)) this.names.add(after.metadata.name);
    });
    this.reflector.start();
  }

  /** All of the first `count`. */
  has(count: number): boolean {
    if (this.names.size < count) return false;
    return Array.from({ length: count }, (_, index) => serviceName(index)).every((name) =>
      this.names.has(name),
    );
  }

  stop(): Promise<void> {
    return this.reflector.stop();
  }
}
