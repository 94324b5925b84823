/** Processes of Sluice and of Open vSwitch die; traffic does not notice, or comes back by itself. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { crash, metric, ready, restart, type Component } from './support/components.js';
import { eventually, kubectlJson } from './support/lab.js';
import { endpoint, servers, worker } from './support/lab-facts.js';
import { undisturbed } from './support/stalls.js';
import {
  addressSeen,
  createNamespace,
  deleteNamespace,
  runPod,
  stream,
  type PodRef,
  type Report,
} from './support/workloads.js';

const namespace = 'e2e-restarts';
const egress = { ipv4: '198.18.0.113', ipv6: '2001:db8:18::113' };
const client: PodRef = { namespace, name: 'client' };

/** The gateway that holds the address. */
async function holder(): Promise<string> {
  const name = egress.ipv4.replaceAll('.', '-');
  const address = await kubectlJson<{ status?: { holder?: string } }>('get', 'egressaddress', name);
  if (address.status?.holder === undefined) throw new Error(`${name} has no holder`);
  return address.status.holder;
}

beforeAll(async () => {
  await createNamespace(namespace, `${egress.ipv4},${egress.ipv6}`);
  await runPod(client, { node: worker });
  expect(await addressSeen(client, endpoint(servers.ipv4.routed, 'udp'))).toBe(egress.ipv4);
  expect(await addressSeen(client, endpoint(servers.ipv6.routed, 'udp'))).toBe(egress.ipv6);
});

afterAll(() => deleteNamespace(namespace));

/** A TCP stream and 20 pings a second in both families, while `disturb` runs and until a new answer came after it. */
async function under(disturb: () => Promise<void>): Promise<Record<string, Report>> {
  const streams = {
    tcp4: await stream(client, 'tcp', endpoint(servers.ipv4.routed, 'tcp')),
    tcp6: await stream(client, 'tcp', endpoint(servers.ipv6.routed, 'tcp')),
    ping4: await stream(client, 'ping', servers.ipv4.routed),
    ping6: await stream(client, 'ping', servers.ipv6.routed),
  };
  await disturb();
  await addressSeen(client, endpoint(servers.ipv4.routed, 'udp'));
  const reports = Object.entries(streams).map(
    async ([name, running]) => [name, await running.stop()] as const,
  );
  return Object.fromEntries(await Promise.all(reports));
}

const unharmed = expect.objectContaining({ lost: 0, errors: {} });

describe('kill −9 while a connection streams and 20 pings a second run', () => {
  it.each<Component>(['agent', 'gateway', 'controller'])('of the %s loses 0 packets', (component) =>
    undisturbed(async () => {
      const node = component === 'agent' ? worker : component === 'gateway' ? await holder() : undefined;
      const reports = await under(async () => {
        await crash(component, node);
        await ready(component, node);
      });
      expect(reports).toEqual({ tcp4: unharmed, tcp6: unharmed, ping4: unharmed, ping6: unharmed });
    }),
  );
});

describe('a rolling restart, as an upgrade makes it, under the same traffic', () => {
  it.each<Component>(['agent', 'gateway', 'controller'])('of the %s loses 0 packets', (component) =>
    undisturbed(async () => {
      const reports = await under(() => restart(component));
      expect(reports).toEqual({ tcp4: unharmed, tcp6: unharmed, ping4: unharmed, ping6: unharmed });
    }),
  );
});

describe('nothing is programmed when nothing changed', () => {
  it.each<Component>(['agent', 'gateway'])('by a restarted %s', async (component) => {
    const node = component === 'agent' ? worker : await holder();
    await crash(component, node);
    await eventually(`the ${component} to have compared`, async () => {
      return ((await metric(component, 'sluice_commits_total', node)) ?? 0) > 0;
    });
    await ready(component, node);
    expect(await metric(component, 'sluice_flow_mods_total', node)).toBe(0);
  });
});

describe('ovs-vswitchd killed', () => {
  it.each(['worker', 'gateway'])('on the %s comes back by itself', async (role) => {
    const node = role === 'worker' ? worker : await holder();
    const started = performance.now();
    await crash('ovs', node);
    await eventually('the egress address outside, over both families', async () => {
      const seen = [
        await addressSeen(client, endpoint(servers.ipv4.routed, 'udp')),
        await addressSeen(client, endpoint(servers.ipv6.routed, 'udp')),
      ];
      return seen[0] === egress.ipv4 && seen[1] === egress.ipv6;
    });
    console.log(
      `ovs-vswitchd on the ${role}: traffic back after ${Math.round(performance.now() - started)} ms`,
    );
  });
});
