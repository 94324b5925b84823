/** Which endpoints of a Service get clients: slices as other controllers write them, Pods that stay alive throughout. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, kubectl, runIn } from './support/lab.js';
import { echoPorts, otherWorker, worker } from './support/lab-facts.js';
import {
  createService as create,
  type Endpoint,
  families,
  type Family,
  gateways,
  gone,
  httpPort,
  inUrl,
  isConnecting,
  isSilent,
  nodePortOf,
  podsMet,
  ready,
  refuses,
  type ServiceRef,
  setEndpoints,
  terminating,
  trafficFromOutside,
} from './support/services.js';
import { createNamespace, deleteNamespace, podAddresses, runPod } from './support/workloads.js';

const namespace = 'e2e-service-endpoints';
const otherPort = 8090;
/** HTTP on two ports, and the lab's echo server. */
const everything = [
  'sh',
  '-c',
  `agnhost netexec --http-port=${otherPort} --udp-port=${otherPort + 1} & traffic serve & exec agnhost netexec --http-port=${httpPort}`,
];
const http = { name: 'http', port: 80, targetPort: 'http' };
/** Below those that the kernel gives to others, and enough of them to meet every endpoint. */
const clientPorts = Array.from({ length: 32 }, (_, at) => 24_000 + 2 * at);
const [gateway] = gateways;

/** Pod name → its node, and its address of each family. */
const pods = new Map<string, Record<Family, string> & { readonly nodeName: string }>();

beforeAll(async () => {
  await createNamespace(namespace);
  for (const [name, node] of [
    ['a', worker],
    ['b', otherWorker],
  ] as const) {
    const addresses = await podAddresses(await runPod({ namespace, name }, { node, command: everything }));
    const of = (isIpv6: boolean) => addresses.find((text) => text.includes(':') === isIpv6) ?? '';
    pods.set(name, { nodeName: node, ipv4: of(false), ipv6: of(true) });
  }
});
afterAll(() => deleteNamespace(namespace));

const at = (pod: string, family: Family, conditions = ready): Endpoint => ({
  addresses: [pods.get(pod)?.[family] ?? ''],
  nodeName: pods.get(pod)?.nodeName ?? '',
  conditions,
});

/** Of one family, without a selector; nobody else writes its slices. */
async function createService(name: string, family: Family, spec: object = {}): Promise<ServiceRef> {
  const ipFamilies = [family === 'ipv4' ? 'IPv4' : 'IPv6'];
  const ref = { namespace, name: `${name}-${family}` };
  await create(ref, { ipFamilyPolicy: 'SingleStack', ipFamilies, ports: [http], ...spec });
  return ref;
}

/** Names of the Pods that clients of a node port meet; empty while some are not answered. */
async function met(service: ServiceRef, family: Family, by = gateway): Promise<readonly string[]> {
  const port = await nodePortOf(service);
  const names = await podsMet(by?.[family] ?? '', port, clientPorts).catch(() => []);
  return [...new Set(names)].sort();
}

const meets = (service: ServiceRef, family: Family, names: readonly string[], by = gateway) =>
  eventually(`clients to meet ${names.join(' and ')}`, async () => {
    const found = await met(service, family, by);
    return found.join() === names.join();
  });

describe.each(families)('an endpoint that terminates, %s', (family) => {
  it('keeps the connections that it has, and gets no new ones', async () => {
    const ports = [
      { name: 'http', port: httpPort },
      { name: 'echo', port: echoPorts.tcp },
    ];
    const service = await createService('leaving', family, {
      ports: [http, { name: 'echo', port: echoPorts.tcp, targetPort: 'echo' }],
    });
    await setEndpoints(service, family, [at('b', family)], { ports });
    await meets(service, family, ['b']);
    const { spec } = JSON.parse(
      await kubectl('get', 'service', '-n', namespace, service.name, '-o', 'json'),
    ) as { spec: { ports: readonly { name: string; nodePort: number }[] } };
    const echo = spec.ports.find(({ name }) => name === 'echo')?.nodePort ?? 0;
    const stream = trafficFromOutside('tcp', `${inUrl(gateway?.[family] ?? '')}:${echo}`, { for: '8s' });
    await setEndpoints(service, family, [at('a', family), at('b', family, terminating)], { ports });
    await meets(service, family, ['a']);
    expect(await stream).toMatchObject({ lost: 0, errors: {} });
    // Still so: nothing brought the other one back meanwhile.
    expect(await met(service, family)).toEqual(['a']);
  });

  it('gets new ones while it serves and nobody else is ready, and none after that', async () => {
    const service = await createService('last', family);
    await setEndpoints(service, family, [at('a', family, terminating), at('b', family, gone)]);
    await meets(service, family, ['a']);
    await setEndpoints(service, family, [at('a', family, gone), at('b', family, gone)]);
    const port = await nodePortOf(service);
    expect(await refuses('outside', `${inUrl(gateway?.[family] ?? '')}:${port}/`)).toBe(true);
  });
});

describe.each(families)('a client whose endpoint went before it answered, %s', (family) => {
  /** Of the node of Pod a; no Pod has it. */
  const nobody = (): string => (pods.get('a')?.[family] ?? '').replace(/[^.:]+$/, '250');

  it('meets another one by its next SYN', async () => {
    const service = await createService('unanswered', family);
    await setEndpoints(service, family, [{ ...at('a', family), addresses: [nobody()] }]);
    const [host, port] = [gateway?.[family] ?? '', await nodePortOf(service)];
    const target = `${inUrl(host)}:${port}/hostname`;
    expect(await isSilent('outside', target)).toBe(true);
    // Before its fifth SYN, after 15 seconds, it gives up; without one that goes elsewhere it would wait for a minute.
    const name = runIn('outside', 'curl', '-s', '-m', '14', `http://${target}`);
    await eventually('the SYN to have been sent', () => isConnecting('outside', host, port));
    await setEndpoints(service, family, [at('a', family)]);
    expect(await name).toBe('a');
  });
});

describe.each(families)('hints for zones, %s', (family) => {
  const inZone = (pod: string, zone: string, conditions = ready): Endpoint => ({
    ...at(pod, family, conditions),
    hints: { forZones: [{ name: zone }] },
  });
  const setZone = (name: string, zone: string | null): Promise<string> =>
    kubectl('patch', 'egressgateway', name, '--type=merge', '-p', JSON.stringify({ spec: { zone } }));

  afterAll(async () => {
    for (const { name } of gateways) await setZone(name, null);
  });

  it('keep clients in the zone of their gateway, until only endpoints that terminate are left', async () => {
    const [first, second] = gateways;
    await setZone(first?.name ?? '', 'a');
    await setZone(second?.name ?? '', 'b');
    const service = await createService('zoned', family);
    await setEndpoints(service, family, [inZone('a', 'a'), inZone('b', 'b')]);
    await meets(service, family, ['a'], first);
    await meets(service, family, ['b'], second);
    await setEndpoints(service, family, [inZone('a', 'a', terminating), inZone('b', 'b', terminating)]);
    await meets(service, family, ['a', 'b'], first);
  });
});

describe.each(families)('slices of one Service, %s', (family) => {
  it('each have the number of a named port, and name an endpoint that is in both once', async () => {
    const service = await createService('sliced', family);
    const slice = (name: string) => `${service.name}-${name}`;
    await setEndpoints(service, family, [at('a', family)], { slice: slice('one') });
    await setEndpoints(service, family, [at('a', family), at('b', family)], {
      slice: slice('two'),
      ports: [{ name: 'http', port: otherPort }],
    });
    await meets(service, family, ['a', 'b']);
    await kubectl('delete', 'endpointslice', '-n', namespace, slice('one'));
    await meets(service, family, ['a', 'b']);
    await kubectl('delete', 'endpointslice', '-n', namespace, slice('two'));
    const port = await nodePortOf(service);
    expect(await refuses('outside', `${inUrl(gateway?.[family] ?? '')}:${port}/`)).toBe(true);
  });

  it('may change at any time: no client is refused', async () => {
    const service = await createService('changing', family, {
      ports: [{ name: 'echo', port: echoPorts.tcp, targetPort: 'echo' }],
    });
    const ports = [{ name: 'echo', port: echoPorts.tcp }];
    const set = (...endpoints: readonly Endpoint[]) => setEndpoints(service, family, endpoints, { ports });
    await set(at('a', family));
    const target = `${inUrl(gateway?.[family] ?? '')}:${await nodePortOf(service)}`;
    await eventually('an answer', async () => (await trafficFromOutside('connect', target)).answered > 0);
    const clients = trafficFromOutside('connect', target, { every: '10ms', for: '6s' });
    for (let round = 0; round < 6; round++) {
      await set(at('a', family), at('b', family));
      await set(at('b', family));
      await set(at('a', family));
    }
    expect(await clients).toMatchObject({ lost: 0, errors: {} });
  });
});

describe.each(families)('a Service of another proxy, %s', (family) => {
  it('is left alone', async () => {
    const service = await createService('foreign', family);
    await setEndpoints(service, family, [at('a', family)]);
    await meets(service, family, ['a']);
    const port = await nodePortOf(service);
    const label = 'service.kubernetes.io/service-proxy-name=another';
    await kubectl('label', 'service', '-n', namespace, service.name, label);
    const target = `${inUrl(gateway?.[family] ?? '')}:${port}/`;
    expect(await isSilent('outside', target)).toBe(true);
  });
});
