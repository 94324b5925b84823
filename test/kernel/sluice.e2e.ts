/** The whole of Sluice with the kernel datapath: what users see of it, and restarts under traffic. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { namespaces } from '@sluice/kube';
import {
  gatewayAddress,
  type Host,
  KernelCluster,
  type LaneReport,
  nodePorts,
  outsideAddress,
  programPath,
  targetPorts,
  until,
} from '@sluice/lab';

const egressAddress = '198.18.0.100';
const ports = { tcp: 9000, udp: 9001 } as const;
/** One core has all of it. */
const patienceMs = 150_000;

let cluster: KernelCluster;

const report = (text: string): LaneReport => JSON.parse(text) as LaneReport;

async function seenBy(client: Host, target: string): Promise<string[]> {
  const { seen } = report(
    await client.run(programPath('traffic'), 'tcp', target, '--every=10ms', '--for=300ms'),
  );
  return Object.keys(seen);
}

const answered = (client: Host, target: string): Promise<void> =>
  until(
    `${target} to answer ${client.name}`,
    () =>
      seenBy(client, target).then(
        (seen) => seen.length > 0,
        () => false,
      ),
    patienceMs,
  );

beforeAll(async () => {
  cluster = await KernelCluster.start();
  const { pod, outside } = cluster.hosts;
  const serve = (tcp: number, udp: number) => [
    programPath('traffic'),
    'serve',
    `--tcp=${tcp}`,
    `--udp=${udp}`,
  ];
  await pod.start('server', serve(targetPorts.read, ports.udp));
  await outside.start('server', serve(ports.tcp, ports.udp));
  await cluster.install();
  await cluster.expose();
  await cluster.client.patch(
    namespaces,
    { name: 'default' },
    { metadata: { annotations: { 'sluice.dev/egress': egressAddress } } },
  );
  try {
    await answered(outside, `${gatewayAddress}:${nodePorts.read}`);
    await until(
      'the Pod to leave with its address',
      async () =>
        (await seenBy(pod, `${outsideAddress}:${ports.tcp}`).catch((): string[] => [])).includes(
          egressAddress,
        ),
      patienceMs,
    );
  } catch (error) {
    console.error(cluster.logs());
    throw error;
  }
}, 400_000);
afterAll(async () => {
  await cluster.stop();
});

test('a Pod leaves with the address of its namespace', async () => {
  expect(await seenBy(cluster.hosts.pod, `${outsideAddress}:${ports.tcp}`)).toEqual([egressAddress]);
});

test('a Pod sees the address of the client of a node port', async () => {
  expect(await seenBy(cluster.hosts.outside, `${gatewayAddress}:${nodePorts.read}`)).toEqual([
    outsideAddress,
  ]);
});

/** Nothing was lost, and no connection broke. */
const unharmed: unknown = expect.objectContaining({ lost: 0, errors: {} });

/** Pings, datagrams and a connection from the Pod, and a connection to the Service, while `disturb` runs. */
async function under(disturb: () => Promise<void>): Promise<readonly LaneReport[]> {
  const { pod, outside } = cluster.hosts;
  const lanes = [
    pod.open(programPath('traffic'), 'ping', outsideAddress, '--every=10ms'),
    pod.open(programPath('traffic'), 'udp', `${outsideAddress}:${ports.udp}`, '--every=20ms'),
    pod.open(programPath('traffic'), 'tcp', `${outsideAddress}:${ports.tcp}`, '--every=20ms'),
    outside.open(programPath('traffic'), 'tcp', `${gatewayAddress}:${nodePorts.read}`, '--every=20ms'),
  ];
  await disturb();
  return Promise.all(lanes.map(async (lane) => report(await lane.end())));
}

/** Open vSwitch makes its tunnels anew in the kernel when it starts, and the next packets find none: docs/failover.md. */
test('ovs-vswitchd is killed under traffic: connections go on', async () => {
  const { gateway } = cluster.hosts;
  const pid = (): string => readFileSync(join(gateway.directory, 'ovs', 'ovs-vswitchd.pid'), 'utf8').trim();
  const wait = (): Promise<string> =>
    gateway.run(
      'ovs-vsctl',
      `--db=unix:${join(gateway.directory, 'ovs', 'db.sock')}`,
      ...['--if-exists', 'get', 'Open_vSwitch', '.', 'other_config:flow-restore-wait'],
    );
  const seen = await under(async () => {
    const before = pid();
    process.kill(Number(before), 'SIGKILL');
    await until('another ovs-vswitchd', () => {
      try {
        return pid() !== before;
      } catch {
        return false;
      }
    });
    await until('its flows to be there', async () => (await wait()).trim() === '');
    await answered(cluster.hosts.outside, `${gatewayAddress}:${nodePorts.read}`);
  });
  const [, , ...connections] = seen;
  expect(connections).toEqual(connections.map(() => unharmed));
});

test('the gateway and the agent start again under traffic: 0 packets lost', async () => {
  const seen = await under(async () => {
    await cluster.restart('gateway');
    await cluster.restart('worker');
    await answered(cluster.hosts.outside, `${gatewayAddress}:${nodePorts.read}`);
  });
  expect(seen).toEqual(seen.map(() => unharmed));
});
