/** One Service as a gateway serves it. */
import { describe, expect, test } from '@jest/globals';
import { type EgressAddress, type EgressPool, type Service } from '@sluice/kube';
import { endpointId } from './endpoint-ids.js';
import { claimsOnAddress, poolIdsOf } from './service-addresses.js';
import { claimedIds } from './service-ids.js';
import { servicePorts, type ServiceSituation } from './service-ports.js';
import { endpoint, service, slice } from './testing/objects.js';

const situation = (own: Service, rest: Partial<ServiceSituation> = {}): ServiceSituation => ({
  ids: claimedIds(own),
  slices: [],
  claims: [],
  places: { ids: new Map([['worker-1', 1]]), workers: [1] },
  zone: undefined,
  defaultClass: false,
  ...rest,
});
const ports = (own: Service, rest: Partial<ServiceSituation> = {}) => servicePorts(own, situation(own, rest));
const http = { name: 'http', port: 80, nodePort: 30_080 };

describe('a Service', () => {
  test('has an entry for each port, sorted by id', () => {
    const slices = [slice([endpoint('10.244.1.5')])];
    expect(ports(service(), { slices })).toEqual([
      {
        ...{
          serviceId: 17,
          key: 'shop/web:http',
          family: 4,
          protocol: 'TCP',
          nodePort: 30_080,
          addresses: [],
        },
        endpoints: [
          { id: endpointId('10.244.1.5', 8080, 'TCP'), address: '10.244.1.5', port: 8080, nodeId: 1 },
        ],
      },
      {
        ...{
          serviceId: 18,
          key: 'shop/web:dns',
          family: 4,
          protocol: 'UDP',
          nodePort: 30_053,
          addresses: [],
        },
        endpoints: [
          { id: endpointId('10.244.1.5', 5353, 'UDP'), address: '10.244.1.5', port: 5353, nodeId: 1 },
        ],
      },
    ]);
  });

  test('of both families has an entry for each, with the endpoints of that', () => {
    const slices = [
      slice([endpoint('10.244.1.5')]),
      slice([endpoint('fd00:244::5')], { addressType: 'IPv6' }),
    ];
    const found = ports(service({ ipFamilies: ['IPv6', 'IPv4'], ports: [http] }), { slices });
    expect(
      found.map(({ serviceId, family, endpoints }) => [serviceId, family, endpoints[0]?.address]),
    ).toEqual([
      [17, 4, '10.244.1.5'],
      [17, 6, 'fd00:244::5'],
    ]);
  });

  test('whose port has no name goes by its number', () => {
    expect(ports(service({ ports: [{ port: 80 }] }))[0]?.key).toBe('shop/web:80');
  });

  test('with one port number for several protocols has an entry for each', () => {
    const all = (['TCP', 'UDP', 'SCTP'] as const).map((protocol) => ({ name: protocol, protocol, port: 80 }));
    const annotations = { 'sluice.dev/service-ids': 'SCTP/80=3,TCP/80=1,UDP/80=2' };
    const found = ports(service({ ports: all }, { annotations }));
    expect(found.map(({ serviceId, protocol }) => [serviceId, protocol])).toEqual([
      [1, 'TCP'],
      [2, 'UDP'],
      [3, 'SCTP'],
    ]);
  });

  test('without endpoints is there, to refuse clients', () => {
    expect(ports(service()).map(({ endpoints }) => endpoints)).toEqual([[], []]);
  });

  test('does not have a port that has no id yet', () => {
    const annotations = { 'sluice.dev/service-ids': 'UDP/53=18' };
    expect(ports(service({}, { annotations })).map(({ serviceId }) => serviceId)).toEqual([18]);
  });

  test('is served while it is being deleted', () => {
    expect(ports(service({}, { deletionTimestamp: '2026-01-01T00:00:00Z' }))).toHaveLength(2);
  });

  test.each<[string, Service]>([
    ['of the cluster only', service({ type: 'ClusterIP' })],
    ['that is another name', service({ type: 'ExternalName', externalName: 'example.org' })],
    ['without a cluster IP', service({ clusterIP: 'None' })],
    ['of another proxy', service({}, { labels: { 'service.kubernetes.io/service-proxy-name': '' } })],
  ])('%s is not served', (_, own) => {
    expect(ports(own, { ids: new Map([['TCP/80', 17]]) })).toEqual([]);
  });

  test.each(['Local', 'Cluster'])('has all endpoints under the traffic policy %s', (policy) => {
    const own = service({ externalTrafficPolicy: policy, internalTrafficPolicy: policy });
    expect(ports(own, { slices: [slice([endpoint('10.244.1.5')])] })[0]?.endpoints).toHaveLength(1);
  });
});

describe('a node port', () => {
  test.each([0, undefined])('%s is none', (nodePort) => {
    const port = { port: 80, ...(nodePort === undefined ? {} : { nodePort }) };
    const own = service({ type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: [port] });
    expect(ports(own)[0]).not.toHaveProperty('nodePort');
  });

  test('is served for a foreign load balancer, too', () => {
    const own = service({ type: 'LoadBalancer', loadBalancerClass: 'example.org/other', ports: [http] });
    expect(ports(own)[0]?.nodePort).toBe(30_080);
  });
});

describe('an address', () => {
  const pool: EgressPool = {
    metadata: { name: 'default' },
    spec: { ranges: [], uplink: { nextHops: [] }, slots: 2, dualStack: 'Paired' },
    status: { id: 1 },
  };
  const claim = { kind: 'Service', namespace: 'shop', name: 'web', uid: 'uid-web' };
  const held = (changes: Partial<typeof claim> = {}): EgressAddress => ({
    metadata: { name: 'x' },
    spec: {
      ...{ id: 5, pool: 'default', slot: 1 },
      addresses: ['198.18.0.100', '2001:db8::100'],
      claim: { ...claim, ...changes },
    },
  });
  const balanced = (
    spec: Partial<NonNullable<Service['spec']>> = {},
    ingress: readonly { readonly ip?: string; readonly ipMode?: string }[] = [{ ip: '198.18.0.100' }],
  ) =>
    service(
      { type: 'LoadBalancer', loadBalancerClass: 'sluice.dev/gateway', ports: [http], ...spec },
      {},
      { loadBalancer: { ingress } },
    );
  const addresses = (own: Service, holder = held(), rest: Partial<ServiceSituation> = {}) =>
    ports(own, { claims: claimsOnAddress(holder, poolIdsOf([pool])), ...rest }).flatMap(
      (port) => port.addresses,
    );
  const expected = { address: '198.18.0.100', port: 80, slot: 1025 };

  test('is served with its slot if the Service shows it and it is held for the Service', () => {
    expect(addresses(balanced())).toEqual([expected]);
    expect(addresses(balanced({}, [{ ip: '198.18.0.100', ipMode: 'VIP' }]))).toEqual([expected]);
  });

  test('belongs to the entry of its family', () => {
    const own = balanced({ ipFamilies: ['IPv4', 'IPv6'] }, [
      { ip: '2001:DB8:0::100' },
      { ip: '198.18.0.100' },
    ]);
    expect(addresses(own)).toEqual([expected, { ...expected, address: '2001:db8::100' }]);
  });

  test.each([
    ['is only in the status', balanced({}, [{ ip: '198.18.0.101' }]), held()],
    ['is only held', balanced({}, []), held()],
    ['is for clients of a proxy', balanced({}, [{ ip: '198.18.0.100', ipMode: 'Proxy' }]), held()],
    ['is held for a namespace', balanced(), held({ kind: 'Namespace' })],
    ['is held for an earlier Service of the name', balanced(), held({ uid: 'uid-old' })],
    ['is of another class', balanced({ loadBalancerClass: 'example.org/other' }), held()],
    ['is of no load balancer', balanced({ type: 'NodePort' }), held()],
    ['has nonsense for its text', balanced({}, [{ ip: 'nonsense' }, {}]), held()],
  ])('that %s is not served', (_, own, holder) => {
    expect(addresses(own, holder)).toEqual([]);
  });

  test('of a Service without a class is served where gateways are the default', () => {
    const { loadBalancerClass: _, ...spec } = balanced().spec ?? {};
    const own = { ...balanced(), spec };
    expect(addresses(own)).toEqual([]);
    expect(addresses(own, held(), { defaultClass: true })).toEqual([expected]);
  });

  test('of a pool without an id, or one that the gateway does not serve, is not known', () => {
    expect(claimsOnAddress(held(), poolIdsOf([]))).toEqual([]);
    expect(claimsOnAddress(held(), poolIdsOf([{ ...pool, status: {} }]))).toEqual([]);
  });
});

describe('clients', () => {
  const legacy = 'service.beta.kubernetes.io/load-balancer-source-ranges';
  const sources = (ranges: readonly string[], annotation?: string) => {
    const annotations = {
      'sluice.dev/service-ids': 'TCP/80=17',
      ...(annotation === undefined ? {} : { [legacy]: annotation }),
    };
    const own = service({ ipFamilies: ['IPv4', 'IPv6'], loadBalancerSourceRanges: ranges }, { annotations });
    return ports(own).map((port) => port.sources);
  };
  const all = undefined;

  test.each([
    ['all, without a list', [], undefined, [all, all]],
    ['all, by an empty annotation', [], ' ', [all, all]],
    [
      'those of the list, by family',
      ['203.0.113.9/24', '2001:db8::/32'],
      undefined,
      [['203.0.113.0/24'], ['2001:db8::/32']],
    ],
    ['those of the annotation', [], ' 10.0.0.0/8, 192.0.2.0/24 ', [['10.0.0.0/8', '192.0.2.0/24'], []]],
    ['those of the list rather than of the annotation', ['10.0.0.0/8'], '192.0.2.0/24', [['10.0.0.0/8'], []]],
    ['nobody of a family that the list does not name', ['2001:db8::/32'], undefined, [[], ['2001:db8::/32']]],
    ['all of a family that the list names as a whole', ['0.0.0.0/0', '10.0.0.0/8'], undefined, [all, []]],
    ['all of both', ['0.0.0.0/0', '::/0'], undefined, [all, all]],
    ['those that are valid', ['nonsense', '10.0.0.0/8', '10.0.0.0/8'], undefined, [['10.0.0.0/8'], []]],
    ['nobody, if nothing is valid', ['nonsense', '10.0.0.0/33'], undefined, [[], []]],
    ['nobody, by an annotation of nonsense', [], 'nonsense', [[], []]],
  ])('may connect: %s', (_, ranges, annotation, expected) => {
    expect(sources(ranges, annotation)).toEqual(expected);
  });

  test.each([
    ['three hours', undefined, 10_800],
    ['as long as asked', 60, 60],
  ])('keep their endpoint for %s', (_, timeoutSeconds, expected) => {
    const config =
      timeoutSeconds === undefined ? {} : { sessionAffinityConfig: { clientIP: { timeoutSeconds } } };
    expect(ports(service({ sessionAffinity: 'ClientIP', ...config }))[0]?.affinitySeconds).toBe(expected);
  });

  test('keep no endpoint unless asked for', () => {
    expect(ports(service({ sessionAffinity: 'None' }))[0]).not.toHaveProperty('affinitySeconds');
  });
});
