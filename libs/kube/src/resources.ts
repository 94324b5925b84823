/** Typed descriptors of the API resources that Sluice uses. */
import {
  type CoreV1Event,
  type V1ConfigMap,
  type V1Deployment,
  type V1DaemonSet,
  type V1Endpoint,
  type V1Lease,
  type V1Namespace,
  type V1Node,
  type V1Pod,
  type V1Service,
  type V1ServiceCIDR,
  type EventsV1Event,
  type DiscoveryV1EndpointPort,
} from '@kubernetes/client-node';
import { crdGroup, crdVersion, type CrdDefinition } from './crd/definition.js';
import { egressAddressCrd, type EgressAddress } from './crd/egress-address.js';
import { egressGatewayCrd, type EgressGateway } from './crd/egress-gateway.js';
import { egressPoolCrd, type EgressPool } from './crd/egress-pool.js';
import { type KubeObject, type ObjectMeta, type Wire } from './object.js';

export interface ResourceId {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** A resource whose objects are `T`. */
export interface Resource<T extends KubeObject> extends ResourceId {
  /** Never set; carries the type. */
  readonly object?: T;
}

export const resource = <T extends KubeObject>(id: ResourceId): Resource<T> => id;

/** Which object: name, and namespace if the resource has one. */
export interface ObjectRef {
  readonly name: string;
  readonly namespace?: string;
}

/** "apiVersion" of manifests: "v1" or "group/version". */
export const apiVersionOf = ({ group, version }: ResourceId): string =>
  group === '' ? version : `${group}/${version}`;

/** "egresspools.sluice.dev": how kubectl and the log name a resource. */
export const resourceName = ({ group, plural }: ResourceId): string =>
  group === '' ? plural : `${plural}.${group}`;

/** The path below the API server: all objects, those of a namespace, or one object. */
export function resourcePath(id: ResourceId, ref: Partial<ObjectRef> = {}, subresource?: string): string {
  const base = id.group === '' ? `/api/${id.version}` : `/apis/${id.group}/${id.version}`;
  const parts = [
    ...(id.namespaced && ref.namespace !== undefined ? ['namespaces', ref.namespace] : []),
    id.plural,
    ...(ref.name === undefined ? [] : [ref.name]),
    ...(subresource === undefined ? [] : [subresource]),
  ];
  return `${base}/${parts.map(encodeURIComponent).join('/')}`;
}

/** client-node's types as the JSON really is: times are text, and every object read has metadata with a name. */
type Typed<T> = Omit<Wire<T>, 'metadata'> & { readonly metadata: ObjectMeta };

export type Node = Typed<V1Node>;
export type Namespace = Typed<V1Namespace>;
export type Pod = Typed<V1Pod>;
export type Service = Typed<V1Service>;
export type Lease = Typed<V1Lease>;
export type ConfigMap = Typed<V1ConfigMap>;
export type ServiceCIDR = Typed<V1ServiceCIDR>;
export type KubeEvent = Typed<EventsV1Event>;
export type CoreEvent = Typed<CoreV1Event>;
export type Deployment = Typed<V1Deployment>;
export type DaemonSet = Typed<V1DaemonSet>;

/** The API server writes empty lists of an EndpointSlice as null. */
export interface EndpointSlice extends KubeObject {
  readonly addressType: 'IPv4' | 'IPv6' | 'FQDN';
  readonly endpoints: readonly Wire<V1Endpoint>[] | null;
  readonly ports: readonly Wire<DiscoveryV1EndpointPort>[] | null;
}

const core = (kind: string, plural: string, namespaced: boolean): ResourceId => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced,
});

const sluice = ({ kind, plural }: CrdDefinition): ResourceId => ({
  group: crdGroup,
  version: crdVersion,
  plural,
  kind,
  namespaced: false,
});

export const nodes = resource<Node>(core('Node', 'nodes', false));
export const namespaces = resource<Namespace>(core('Namespace', 'namespaces', false));
export const pods = resource<Pod>(core('Pod', 'pods', true));
export const services = resource<Service>(core('Service', 'services', true));
export const configMaps = resource<ConfigMap>(core('ConfigMap', 'configmaps', true));
export const coreEvents = resource<CoreEvent>(core('Event', 'events', true));
export const events = resource<KubeEvent>({
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
});
export const leases = resource<Lease>({
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
});
export const serviceCidrs = resource<ServiceCIDR>({
  group: 'networking.k8s.io',
  version: 'v1',
  plural: 'servicecidrs',
  kind: 'ServiceCIDR',
  namespaced: false,
});
export const endpointSlices = resource<EndpointSlice>({
  group: 'discovery.k8s.io',
  version: 'v1',
  plural: 'endpointslices',
  kind: 'EndpointSlice',
  namespaced: true,
});
export const deployments = resource<Deployment>({
  group: 'apps',
  version: 'v1',
  plural: 'deployments',
  kind: 'Deployment',
  namespaced: true,
});
export const daemonSets = resource<DaemonSet>({
  group: 'apps',
  version: 'v1',
  plural: 'daemonsets',
  kind: 'DaemonSet',
  namespaced: true,
});
/** CustomResourceDefinitions, enough of them to install and to wait for them. */
export interface CustomResourceDefinition extends KubeObject {
  readonly spec?: unknown;
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}
export const customResourceDefinitions = resource<CustomResourceDefinition>({
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
});
export const egressPools = resource<EgressPool>(sluice(egressPoolCrd));
export const egressAddresses = resource<EgressAddress>(sluice(egressAddressCrd));
export const egressGateways = resource<EgressGateway>(sluice(egressGatewayCrd));
