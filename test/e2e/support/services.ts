/** Services of the tests, and clients of them outside. */
import { existingLab, nodeOf, programPath } from '@sluice/lab';
import { apply, eventually, kubectlJson, labName, runIn } from './lab.js';
import { type Report, type TrafficKind } from './workloads.js';

export const families = ['ipv4', 'ipv6'] as const;
export type Family = (typeof families)[number];

/** Own addresses of the gateways on the uplink. */
export const gateways = ['gateway-1', 'gateway-2'].map((name) => {
  const { uplink } = nodeOf(existingLab(labName), name);
  if (uplink === undefined) throw new Error(`${name} has no uplink`);
  return { name, ...uplink };
});

/** Hosts outside: a neighbour of the gateways, and one behind the router. */
export const clients = [
  { name: 'outside', place: 'onLink' },
  { name: 'routed', place: 'routed' },
] as const;

export const inUrl = (address: string): string => (address.includes(':') ? `[${address}]` : address);

/** What the server says; rejects when nobody does. */
export const get = (host: string, target: string): Promise<string> =>
  runIn(host, 'curl', '-s', '-m', '3', `http://${target}`);

export const answers = (host: string, target: string): Promise<string> =>
  eventually(`an answer from ${target}`, () => get(host, target).catch(() => undefined));

/** The lab's traffic from the neighbour of the gateways. `every` and `for` as Go writes durations. */
export async function trafficFromOutside(
  kind: TrafficKind,
  target: string,
  { every = '20ms', for: long = '200ms' } = {},
): Promise<Report> {
  const command = [programPath('traffic'), kind, target, '--every', every, '--for', long] as const;
  return JSON.parse(await runIn('outside', ...command)) as Report;
}

/** Asks from each of these ports, and resets the connection, so that the port is free again at once. */
const askFromPorts = `
  const { connect } = require('node:net');
  const [host, port, ...from] = process.argv.slice(1);
  const ask = (localPort) => new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port), localPort: Number(localPort) }).on('error', reject);
    socket.write('GET /hostname HTTP/1.0\\r\\n\\r\\n');
    socket.once('data', (data) => {
      socket.resetAndDestroy();
      resolve(String(data).split('\\r\\n\\r\\n')[1]);
    });
  });
  (async () => {
    const names = [];
    for (const localPort of from) names.push(await ask(localPort));
    console.log(JSON.stringify(names));
  })();
`;

/** Names of the Pods that a neighbour of the gateways meets from these ports, in their order. */
export async function podsMet(
  address: string,
  port: number,
  from: readonly number[],
): Promise<readonly string[]> {
  const asked = [address, port, ...from].map(String);
  return JSON.parse(await runIn('outside', process.execPath, '-e', askFromPorts, ...asked)) as string[];
}

/** Refused at once: 28 would be the client's own patience. */
export const refuses = (host: string, target: string): Promise<boolean> =>
  eventually(`${target} to refuse`, () =>
    get(host, target).then(
      () => false,
      (error: unknown) => (error as { code?: number }).code === 7,
    ),
  );

/** Once nobody answers. */
export const isSilent = (host: string, target: string): Promise<boolean> =>
  eventually(`nobody to answer on ${target}`, () =>
    get(host, target).then(
      () => false,
      () => true,
    ),
  );

/** Whether a client there has sent a SYN that nobody has answered. */
export async function isConnecting(host: string, address: string, port: number): Promise<boolean> {
  const found = await runIn(host, 'ss', '-Htn', 'state', 'syn-sent', 'dst', `${inUrl(address)}:${port}`);
  return found.trim() !== '';
}

export const httpPort = 8080;
/** Answers HTTP on `httpPort`, and UDP on 8081. */
export const server = ['agnhost', 'netexec', `--http-port=${httpPort}`, '--udp-port=8081'];
export const app = (name: string) => ({ selector: { app: name } });

export interface ServiceRef {
  readonly namespace: string;
  readonly name: string;
}

/** A NodePort Service of both families with port 80, unless told. */
export async function createService(
  { namespace, name }: ServiceRef,
  spec: object,
  annotations: Readonly<Record<string, string>> = {},
): Promise<void> {
  const metadata = { namespace, name, annotations };
  const ports = [{ name: 'http', port: 80, targetPort: httpPort }];
  const common = { type: 'NodePort', ipFamilyPolicy: 'RequireDualStack', ports };
  await apply(JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata, spec: { ...common, ...spec } }));
}

interface LoadBalancerStatus {
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip: string }[] } };
}

/** Of a Service, once its status says so many: of one family, or of both. */
export const addressesOf = ({ namespace, name }: ServiceRef, count: number): Promise<readonly string[]> =>
  eventually(`${name} to have ${count} addresses`, async () => {
    const { status } = await kubectlJson<LoadBalancerStatus>('get', 'service', '-n', namespace, name);
    const ips = (status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip);
    return ips.length === count ? ips : undefined;
  });

/** Of the Service's first port. */
export async function nodePortOf({ namespace, name }: ServiceRef): Promise<number> {
  const { spec } = await kubectlJson<{ spec: { ports: readonly { nodePort: number }[] } }>(
    ...['get', 'service', '-n', namespace, name],
  );
  return spec.ports[0]?.nodePort ?? 0;
}

export interface Endpoint {
  readonly addresses: readonly string[];
  readonly nodeName: string;
  readonly conditions: { readonly ready: boolean; readonly serving: boolean; readonly terminating: boolean };
  readonly hints?: { readonly forZones: readonly { readonly name: string }[] };
}

export const ready = { ready: true, serving: true, terminating: false };
export const terminating = { ready: false, serving: true, terminating: true };
export const gone = { ready: false, serving: false, terminating: true };

/** A slice of a Service without a selector, in the place of what it was before. */
export async function setEndpoints(
  { namespace, name }: ServiceRef,
  family: Family,
  endpoints: readonly Endpoint[],
  { slice = name, ports = [{ name: 'http', port: httpPort }] } = {},
): Promise<void> {
  const labels = { 'kubernetes.io/service-name': name, 'endpointslice.kubernetes.io/managed-by': 'e2e' };
  const metadata = { namespace, name: slice, labels };
  const addressType = family === 'ipv4' ? 'IPv4' : 'IPv6';
  const object = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata, addressType };
  await apply(JSON.stringify({ ...object, endpoints, ports }));
}
