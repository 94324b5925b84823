/** The whole of Sluice with the kernel datapath: what users see of it, and restarts under traffic. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type KernelCluster, outsideAddress, until } from '@sluice/lab';
import {
  answered,
  each,
  egressAddress,
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

test('a Pod leaves with the address of its namespace', async () => {
  expect(await seenBy(cluster.hosts.pod, outsideServer)).toEqual([egressAddress]);
});

test('a Pod sees the address of the client of a node port', async () => {
  expect(await seenBy(cluster.hosts.outside, service)).toEqual([outsideAddress]);
});

/** Open vSwitch makes its tunnels anew in the kernel when it starts, and the next packets find none: docs/failover.md. */
test('ovs-vswitchd is killed under traffic: connections go on', async () => {
  const [gateway] = cluster.hosts.gateways;
  if (gateway === undefined) throw new Error('there is no gateway');
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
  const { tcp, push, service: served } = seen;
  expect({ tcp, push, served }).toEqual({ tcp: unharmed, push: unharmed, served: unharmed });
});

test('the gateway and the agent start again under traffic: 0 packets lost', async () => {
  const seen = await under(cluster, async () => {
    const { gateways, worker } = cluster.hosts;
    for (const node of [...gateways, worker]) await cluster.restart(node);
    await answered(cluster.hosts.outside, service);
  });
  expect(seen).toEqual(each(seen, unharmed));
});
