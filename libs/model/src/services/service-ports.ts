/** One Service → what a gateway serves of it: an entry for each port that has an id, and each family. */
import { type EndpointSlice, objectKey, type Service } from '@sluice/kube';
import { type ServicePort } from '../intent.js';
import { maxConnectionsOf } from './max-connections.js';
import { familiesOf, isServed, type PortOfService, portsOf } from './eligible.js';
import { type EndpointScope, usableEndpoints } from './endpoints.js';
import { addressesOfService, type ClaimedAddress } from './service-addresses.js';
import { type ServiceIds } from './service-ids.js';
import { sliceViews } from './slice-view.js';
import { sourcesOf } from './sources.js';
import { weightsOf } from './weights.js';

export interface ServiceSituation extends EndpointScope {
  /** Ids that the Service holds. A port without one is not served yet. */
  readonly ids: ServiceIds;
  readonly slices: Iterable<EndpointSlice>;
  readonly claims: readonly ClaimedAddress[];
  /** Whether a Service without `loadBalancerClass` gets its addresses from pools. */
  readonly defaultClass: boolean;
}

/** Seconds; the API server's own default (core/v1 DefaultClientIPServiceAffinitySeconds). */
const defaultAffinitySeconds = 10_800;

function affinityOf({ spec }: Service): Pick<ServicePort, 'affinitySeconds'> {
  if (spec?.sessionAffinity !== 'ClientIP') return {};
  return { affinitySeconds: spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? defaultAffinitySeconds };
}

/** Sorted by id and family. */
export function servicePorts(service: Service, situation: ServiceSituation): readonly ServicePort[] {
  if (situation.ids.size === 0 || !isServed(service)) return [];
  return familiesOf(service)
    .flatMap((family) => portsOfFamily(service, family, situation))
    .toSorted((a, b) => a.serviceId - b.serviceId || a.family - b.family);
}

function portsOfFamily(
  service: Service,
  family: 4 | 6,
  { ids, slices, claims, defaultClass, ...scope }: ServiceSituation,
): readonly ServicePort[] {
  const views = sliceViews(slices, family);
  const addresses = addressesOfService(service, claims, { family, defaultClass });
  const sources = sourcesOf(service, family);
  const weights = weightsOf(service);
  const weightOf = weights?.ok === true ? weights.weightOf : undefined;
  const cap = maxConnectionsOf(service);
  const common = {
    ...{ family, ...affinityOf(service) },
    ...(sources === undefined ? {} : { sources }),
    ...(cap?.ok === true ? { maxConnections: cap.connections } : {}),
  };
  return portsOf(service).flatMap((port): ServicePort[] => {
    const serviceId = ids.get(port.key);
    if (serviceId === undefined) return [];
    return [
      {
        ...{ serviceId, key: keyOf(service, port), protocol: port.protocol, ...common },
        ...(port.nodePort === undefined ? {} : { nodePort: port.nodePort }),
        addresses: addresses.map(({ address, slot }) => ({ address, port: port.port, slot })),
        endpoints: usableEndpoints(views, port, { ...scope, weightOf }),
      },
    ];
  });
}

const keyOf = (service: Service, { name, port }: PortOfService): string =>
  `${objectKey(service)}:${name === '' ? String(port) : name}`;

type List<T> = readonly T[];
const sameList = <T>(a: List<T>, b: List<T>, same: (x: T, y: T) => boolean): boolean =>
  a.length === b.length && a.every((x, at) => same(x, b[at] as T));

const sameSources = (a: List<string> | undefined, b: List<string> | undefined): boolean =>
  a === undefined || b === undefined ? a === b : sameList(a, b, Object.is);

/** Deep equality, without the cost of a general one: there may be thousands of endpoints. */
export const samePort = (a: ServicePort, b: ServicePort): boolean =>
  a.serviceId === b.serviceId &&
  a.key === b.key &&
  a.family === b.family &&
  a.protocol === b.protocol &&
  a.nodePort === b.nodePort &&
  a.affinitySeconds === b.affinitySeconds &&
  a.maxConnections === b.maxConnections &&
  sameSources(a.sources, b.sources) &&
  sameList(
    a.addresses,
    b.addresses,
    (x, y) => x.address === y.address && x.port === y.port && x.slot === y.slot,
  ) &&
  sameList(
    a.endpoints,
    b.endpoints,
    (x, y) =>
      x.id === y.id &&
      x.address === y.address &&
      x.port === y.port &&
      x.nodeId === y.nodeId &&
      x.weight === y.weight,
  );
