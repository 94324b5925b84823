/** The whole of Sluice with the kernel datapath, its Pod with an egress and a Service, and clients of both. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { egressAddresses, egressPools, namespaces } from '@sluice/kube';
import {
  gatewayAddress,
  type Host,
  KernelCluster,
  type LaneReport,
  nodePorts,
  outsideAddress,
  programPath,
  targetPorts,
  type TrafficReport,
  until,
} from '@sluice/lab';

export const egressAddress = '198.18.0.100';
export const ports = { tcp: 9000, udp: 9001 } as const;
export const outsideServer = `${outsideAddress}:${String(ports.tcp)}`;
export const service = `${gatewayAddress}:${String(nodePorts.read)}`;
/** One core has all of it. */
export const patienceMs = 150_000;
export const startMs = 240_000;

/** The addresses that `target` sees of a client. */
export async function seenBy(client: Host, target: string): Promise<string[]> {
  const text = await client.run(programPath('traffic'), 'tcp', target, '--every=10ms', '--for=300ms');
  return Object.keys((JSON.parse(text) as LaneReport).seen);
}

export const answered = (client: Host, target: string): Promise<void> =>
  until(
    `${target} to answer ${client.name}`,
    () =>
      seenBy(client, target).then(
        (seen) => seen.length > 0,
        () => false,
      ),
    patienceMs,
  );

export const leavesByItsAddress = ({ hosts: { pod } }: KernelCluster): Promise<void> =>
  until(
    'the Pod to leave with its address',
    async () => (await seenBy(pod, outsideServer).catch((): string[] => [])).includes(egressAddress),
    patienceMs,
  );

export async function startSluice(options?: { readonly gateways: number }): Promise<KernelCluster> {
  const cluster = await KernelCluster.start(options);
  const { pod, outside } = cluster.hosts;
  const serve = (tcp: number) => [programPath('traffic'), 'serve', `--tcp=${tcp}`, `--udp=${ports.udp}`];
  await pod.start('server', serve(targetPorts.read));
  await outside.start('server', serve(ports.tcp));
  await cluster.install();
  await cluster.expose();
  const annotations = { 'sluice.dev/egress': egressAddress };
  await cluster.client.patch(namespaces, { name: 'default' }, { metadata: { annotations } });
  try {
    await answered(outside, service);
    await leavesByItsAddress(cluster);
  } catch (error) {
    console.error(cluster.logs());
    throw error;
  }
  return cluster;
}

interface Slot {
  readonly holder?: string | undefined;
  readonly previous?: string | undefined;
}

/** Of the egress address, as the cluster's map has it. */
export async function slotOf({ client }: KernelCluster): Promise<Slot> {
  const { spec } = await client.get(egressAddresses, { name: egressAddress.replaceAll('.', '-') });
  const { status } = await client.get(egressPools, { name: spec.pool });
  return status?.slots?.find(({ slot }) => slot === spec.slot) ?? {};
}

/**
 * Of the Pod: pings, datagrams, a connection on which both sides speak, and one on which it is silent; from outside a
 * connection to the Service.
 */
const lanes = {
  pod: [
    `ping=ping,${outsideAddress},10ms`,
    `udp=udp,${outsideAddress}:${String(ports.udp)},20ms`,
    `tcp=tcp,${outsideServer},20ms`,
    `push=push,${outsideServer},20ms`,
  ],
  outside: [`service=tcp,${service},20ms`],
} as const;

/** What all of them saw while `disturb` ran. */
export async function under(
  { hosts }: KernelCluster,
  disturb: () => Promise<void>,
  clients: readonly (keyof typeof lanes)[] = ['pod', 'outside'],
): Promise<TrafficReport> {
  const running = clients.map((name) => hosts[name].open(programPath('traffic'), 'mix', ...lanes[name]));
  await disturb();
  const reports = await Promise.all(running.map((one) => one.end()));
  return Object.assign({}, ...reports.map((text): unknown => JSON.parse(text))) as TrafficReport;
}

/** Of ovs-vswitchd; throws while it has none. */
export const switchPid = ({ directory }: Host): number =>
  Number(readFileSync(join(directory, 'ovs', 'ovs-vswitchd.pid'), 'utf8'));

/** Of a lane: nothing was lost, and no connection broke. */
export const unharmed: unknown = expect.objectContaining({ lost: 0, errors: {} });

/** The same of every lane of `seen`. */
export const each = <T>(seen: TrafficReport, expected: T): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.keys(seen).map((name) => [name, expected]));
