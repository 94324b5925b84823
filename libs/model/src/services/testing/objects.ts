/** Services and EndpointSlices as the API server gives them, for specs. */
import { type EndpointSlice, type Service } from '@sluice/kube';

type Spec = NonNullable<Service['spec']>;
type Endpoint = NonNullable<EndpointSlice['endpoints']>[number];

/** A NodePort Service `shop/web` with TCP 80 (30080) and UDP 53 (30053) whose ids are 17 and 18. */
export const service = (
  spec: Partial<Spec> = {},
  metadata: Partial<Service['metadata']> = {},
  status: Service['status'] = {},
): Service => ({
  metadata: {
    name: 'web',
    namespace: 'shop',
    uid: 'uid-web',
    creationTimestamp: '2026-01-01T00:00:00Z',
    annotations: { 'sluice.dev/service-ids': 'TCP/80=17,UDP/53=18' },
    ...metadata,
  },
  spec: {
    type: 'NodePort',
    clusterIP: '10.96.0.10',
    ipFamilies: ['IPv4'],
    ports: [
      { name: 'http', protocol: 'TCP', port: 80, nodePort: 30_080 },
      { name: 'dns', protocol: 'UDP', port: 53, nodePort: 30_053 },
    ],
    ...spec,
  },
  status,
});

export const endpoint = (address: string, rest: Partial<Endpoint> = {}): Endpoint => ({
  addresses: [address],
  nodeName: 'worker-1',
  ...rest,
});

/** Of `shop/web`: http is 8080, dns is 5353. */
export const slice = (
  endpoints: EndpointSlice['endpoints'],
  rest: Partial<Omit<EndpointSlice, 'endpoints'>> = {},
): EndpointSlice => ({
  metadata: {
    name: 'web-1',
    namespace: 'shop',
    labels: { 'kubernetes.io/service-name': 'web' },
  },
  addressType: 'IPv4',
  ports: [
    { name: 'http', protocol: 'TCP', port: 8080 },
    { name: 'dns', protocol: 'UDP', port: 5353 },
  ],
  ...rest,
  endpoints,
});
