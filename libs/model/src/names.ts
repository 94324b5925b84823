/** Annotations, labels and names of objects that Sluice reads and writes. */
export const egressAnnotation = 'sluice.dev/egress';
export const egressStatusAnnotation = 'sluice.dev/egress-status';
export const nodeIdAnnotation = 'sluice.dev/node-id';
export const tunnelAddressAnnotation = 'sluice.dev/tunnel-address';
/** On a Node: its uplink, where it is not the default of the configuration. */
export const uplinkAnnotation = 'sluice.dev/uplink-interface';
export const gatewayLabel = 'sluice.dev/gateway';
/** On a Service, by the controller: `TCP/80=17,UDP/53=18`. */
export const serviceIdsAnnotation = 'sluice.dev/service-ids';
/** On a LoadBalancer Service, by its owner: which pool gives its addresses, or which addresses it wants. */
export const poolAnnotation = 'sluice.dev/pool';
export const addressAnnotation = 'sluice.dev/address';
/** On LoadBalancer Services, by their owner: those of one namespace with one value and different ports may share addresses. */
export const sharedAddressAnnotation = 'sluice.dev/shared-address';
/** On a Service, by its owner: how much of its new connections each endpoint gets. */
export const weightsAnnotation = 'sluice.dev/weights';
/** On a Service, by its owner: from how many connections on a gateway refuses new ones. */
export const maxConnectionsAnnotation = 'sluice.dev/max-connections';
/** Value of `sluice.dev/egress` on a LoadBalancer Service: its Pods leave with its address. */
export const egressOfService = 'service';
/** `spec.loadBalancerClass` of Services that get their addresses from pools. */
export const gatewayLoadBalancerClass = 'sluice.dev/gateway';
/** On an EndpointSlice: the name of its Service. */
export const serviceNameLabel = 'kubernetes.io/service-name';
/** What every Pod talks to, wherever it runs: after the Service's translation its real address is seen. */
export const servicesOfEveryPod = [
  { namespace: 'default', service: 'kubernetes' },
  { namespace: 'kube-system', service: 'kube-dns' },
] as const;
/** On a Service that another proxy serves. */
export const otherProxyLabel = 'service.kubernetes.io/service-proxy-name';
/** On an EndpointSlice of a headless Service. */
export const headlessLabel = 'service.kubernetes.io/headless';
/** On a Service: what `spec.loadBalancerSourceRanges` was before. */
export const sourceRangesAnnotation = 'service.beta.kubernetes.io/load-balancer-source-ranges';

const gatewayLeases = 'gateway-';

/** The Lease that a gateway renews; the controllers' election has one in the same namespace. */
export const gatewayLeaseName = (nodeName: string): string => `${gatewayLeases}${nodeName}`;
export const isGatewayLease = (name: string): boolean => name.startsWith(gatewayLeases);
