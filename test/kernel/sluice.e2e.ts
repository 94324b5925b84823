/** The whole of Sluice with the kernel datapath: what users see of it, and restarts under traffic. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { families, type Host, type KernelCluster, lanesOf, outsideAddresses, until } from '@sluice/lab';
import {
  answered,
  each,
  egress,
  outsideServer,
  seenBy,
  service,
  startMs,
  startSluice,
  switchPid,
  under,
  unharmed,
} from './support/sluice.js';

let cluster: KernelCluster;

beforeAll(async () => {
  cluster = await startSluice();
}, startMs);
afterAll(async () => {
  await cluster.stop();
});

function theGateway(): Host {
  const [gateway] = cluster.hosts.gateways;
  if (gateway === undefined) throw new Error('there is no gateway');
  return gateway;
}

test.each(families)('a Pod leaves with the address of its namespace (%s)', async (family) => {
  expect(await seenBy(cluster.hosts.pod, outsideServer[family])).toEqual([egress[family]]);
});

test.each(families)('a Pod sees the address of the client of a node port (%s)', async (family) => {
  expect(await seenBy(cluster.hosts.outside, service[family])).toEqual([outsideAddresses[family]]);
});

/** Open vSwitch makes its tunnels anew in the kernel when it starts, and the next packets find none: docs/failover.md. */
test('ovs-vswitchd is killed under traffic: connections go on', async () => {
  const gateway = theGateway();
  const wait = (): Promise<string> =>
    gateway.run(
      'ovs-vsctl',
      `--db=unix:${join(gateway.directory, 'ovs', 'db.sock')}`,
      ...['--if-exists', 'get', 'Open_vSwitch', '.', 'other_config:flow-restore-wait'],
    );
  const seen = await under(cluster, async () => {
    const before = switchPid(gateway);
    process.kill(before, 'SIGKILL');
    await until('another ovs-vswitchd', () => {
      try {
        return switchPid(gateway) !== before;
      } catch {
        return false;
      }
    });
    await until('its flows to be there', async () => (await wait()).trim() === '');
    await answered(cluster.hosts.outside, service);
  });
  const connections = lanesOf(seen, 'tcp', 'push', 'service');
  expect(connections).toEqual(each(connections, unharmed));
});

/** Resolves when a node's process of Sluice does its work. */
async function ready(node: Host): Promise<void> {
  await until(`${node.name} to be ready`, () => cluster.isReady(node));
}

test('the agent starts again under traffic: 0 packets lost', async () => {
  const { worker, outside } = cluster.hosts;
  const seen = await under(cluster, async () => {
    await cluster.restart(worker);
    await ready(worker);
    await answered(outside, service);
  });
  expect(seen).toEqual(each(seen, unharmed));
});

// In the lane a process takes longer to start than its gates last: restarts.e2e.ts looks at the whole of it.
test('the process of the gateway ends under traffic: 0 packets lost, and the next one takes what it finds', async () => {
  const { outside } = cluster.hosts;
  const gateway = theGateway();
  const seen = await under(cluster, async () => {
    await cluster.restart(gateway);
    await answered(outside, service);
  });
  expect(seen).toEqual(each(seen, unharmed));
  await ready(gateway);
  await answered(outside, service);
});
