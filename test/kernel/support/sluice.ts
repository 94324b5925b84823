/** The whole of Sluice with the kernel datapath, its Pod with an egress and a Service, and clients of both. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { egressAddresses, egressPools, namespaces } from '@sluice/kube';
import {
  families,
  type Family,
  gatewayAddresses,
  hostPort,
  type Host,
  KernelCluster,
  type LaneReport,
  nodePorts,
  outsideAddresses,
  type Pair,
  programPath,
  targetPorts,
  type TrafficReport,
  until,
} from '@sluice/lab';

export const egress: Pair = { ipv4: '198.18.0.100', ipv6: '2001:db8:18::100' };
export const ports = { tcp: 9000, udp: 9001 } as const;

/** Address and port of the same in each family. */
const at = ({ ipv4, ipv6 }: Pair, port: number): Pair => ({
  ipv4: hostPort(ipv4, port),
  ipv6: hostPort(ipv6, port),
});
export const outsideServer = at(outsideAddresses, ports.tcp);
export const service = at(gatewayAddresses, nodePorts.read);
/** One core has all of it. */
export const patienceMs = 150_000;
export const startMs = 240_000;

/** The addresses that `target` sees of a client. */
export async function seenBy(client: Host, target: string): Promise<string[]> {
  const text = await client.run(programPath('traffic'), 'tcp', target, '--every=10ms', '--for=300ms');
  return Object.keys((JSON.parse(text) as LaneReport).seen);
}

/** One family after the other. */
async function ofBoth(what: string, isSo: (family: Family) => Promise<boolean>): Promise<void> {
  for (const family of families)
    await until(`${what} (${family})`, () => isSo(family).catch(() => false), patienceMs);
}

export const answered = (client: Host, target: Pair): Promise<void> =>
  ofBoth(`${target.ipv4} to answer ${client.name}`, async (family) => {
    return (await seenBy(client, target[family])).length > 0;
  });

export const leavesByItsAddress = ({ hosts: { pod } }: KernelCluster): Promise<void> =>
  ofBoth('the Pod to leave with its address', async (family) => {
    return (await seenBy(pod, outsideServer[family])).includes(egress[family]);
  });

export async function startSluice(options?: { readonly gateways: number }): Promise<KernelCluster> {
  const cluster = await KernelCluster.start(options);
  const { pod, outside } = cluster.hosts;
  const serve = (tcp: number) => [programPath('traffic'), 'serve', `--tcp=${tcp}`, `--udp=${ports.udp}`];
  await pod.start('server', serve(targetPorts.read));
  await outside.start('server', serve(ports.tcp));
  await cluster.install();
  await cluster.expose();
  const annotations = { 'sluice.dev/egress': `${egress.ipv4},${egress.ipv6}` };
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

/** Of the egress addresses, as the cluster's map has it. */
export async function slotOf({ client }: KernelCluster): Promise<Slot> {
  const { spec } = await client.get(egressAddresses, { name: egress.ipv4.replaceAll('.', '-') });
  const { status } = await client.get(egressPools, { name: spec.pool });
  return status?.slots?.find(({ slot }) => slot === spec.slot) ?? {};
}

/**
 * In each family, of the Pod: pings, datagrams, a connection on which both sides speak, and one on which it is silent; from
 * outside a connection to the Service. Their names end with the family's number.
 */
const lanes = {
  pod: families.flatMap((family) => {
    const number = family.slice(-1);
    return [
      `ping${number}=ping,${outsideAddresses[family]},20ms`,
      `udp${number}=udp,${at(outsideAddresses, ports.udp)[family]},40ms`,
      `tcp${number}=tcp,${outsideServer[family]},40ms`,
      `push${number}=push,${outsideServer[family]},40ms`,
    ];
  }),
  outside: families.map((family) => `service${family.slice(-1)}=tcp,${service[family]},40ms`),
};

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
