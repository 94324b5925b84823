/** Addresses move between gateways: by themselves when something dies, by plan when somebody asks; connections stay. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { crash } from './support/components.js';
import { killNode, redis, repairLab } from './support/faults.js';
import { eventually, kubectl, kubectlJson } from './support/lab.js';
import { endpoint, servers, worker } from './support/lab-facts.js';
import {
  addressSeen,
  createNamespace,
  deleteNamespace,
  type PodRef,
  type Report,
  runPod,
  type Stream,
  stream,
} from './support/workloads.js';

const namespace = 'e2e-failover';
const egress = { ipv4: '198.18.0.114', ipv6: '2001:db8:18::114' };
const client: PodRef = { namespace, name: 'client' };
const gateways = ['gateway-1', 'gateway-2'];

interface Gateway {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly state?: string; readonly slots?: number };
}

async function holder(): Promise<string> {
  const name = egress.ipv4.replaceAll('.', '-');
  const address = await kubectlJson<{ status?: { holder?: string } }>('get', 'egressaddress', name);
  if (address.status?.holder === undefined) throw new Error(`${name} has no holder`);
  return address.status.holder;
}

const other = (gateway: string): string => gateways.find((name) => name !== gateway) ?? '';

const movesTo = (gateway: string): Promise<boolean> =>
  eventually(`${gateway} to hold the address`, async () => (await holder()) === gateway);

/** Every gateway is there again, and every slot has a holder. */
const settled = (): Promise<boolean> =>
  eventually('both gateways to be ready, and every slot to be held', async () => {
    const { items } = await kubectlJson<{ readonly items: readonly Gateway[] }>('get', 'egressgateways');
    const slots = items.reduce((sum, { status }) => sum + (status?.slots ?? 0), 0);
    return items.every(({ status }) => status?.state === 'Ready') && slots === 64;
  });

const drain = (gateway: string, draining: boolean): Promise<string> =>
  kubectl('patch', 'egressgateway', gateway, '--type=merge', '-p', JSON.stringify({ spec: { draining } }));

type Streams = Record<'tcp4' | 'tcp6' | 'ping4' | 'ping6' | 'new4' | 'new6', Report>;

/** Streams, new connections and pings of both families while `disturb` runs, and until new answers came after it. */
async function under(disturb: () => Promise<unknown>): Promise<Streams> {
  const [routed4, routed6] = [servers.ipv4.routed, servers.ipv6.routed];
  const running: Record<keyof Streams, Stream> = {
    tcp4: await stream(client, 'tcp', endpoint(routed4, 'tcp'), '20ms'),
    tcp6: await stream(client, 'tcp', endpoint(routed6, 'tcp'), '20ms'),
    ping4: await stream(client, 'ping', routed4, '10ms'),
    ping6: await stream(client, 'ping', routed6, '10ms'),
    new4: await stream(client, 'connect', endpoint(routed4, 'tcp'), '20ms'),
    new6: await stream(client, 'connect', endpoint(routed6, 'tcp'), '20ms'),
  };
  await addressSeen(client, endpoint(routed4, 'udp'));
  await disturb();
  expect(await addressSeen(client, endpoint(routed4, 'udp'))).toBe(egress.ipv4);
  expect(await addressSeen(client, endpoint(routed6, 'udp'))).toBe(egress.ipv6);
  const names = Object.keys(running) as (keyof Streams)[];
  const reports = await Promise.all(names.map(async (name) => [name, await running[name].stop()] as const));
  return Object.fromEntries(reports) as Streams;
}

/** Nothing broke: what was under way when the holder died came later. */
function expectKept({ tcp4, tcp6, new4, new6 }: Streams): void {
  for (const report of [tcp4, tcp6, new4, new6]) expect(report).toMatchObject({ lost: 0, errors: {} });
  for (const { seen } of [tcp4, new4]) expect(Object.keys(seen)).toEqual([egress.ipv4]);
  for (const { seen } of [tcp6, new6]) expect(Object.keys(seen)).toEqual([egress.ipv6]);
}

function expectUnharmed(streams: Streams): void {
  for (const report of Object.values(streams)) expect(report).toMatchObject({ lost: 0, errors: {} });
}

beforeAll(async () => {
  await settled();
  await createNamespace(namespace, `${egress.ipv4},${egress.ipv6}`);
  await runPod(client, { node: worker });
  expect(await addressSeen(client, endpoint(servers.ipv4.routed, 'udp'))).toBe(egress.ipv4);
  expect(await addressSeen(client, endpoint(servers.ipv6.routed, 'udp'))).toBe(egress.ipv6);
});

afterAll(async () => {
  for (const gateway of gateways) await drain(gateway, false);
  await repairLab();
  await deleteNamespace(namespace);
});

describe('a planned drain of the holder', () => {
  it('moves its addresses with 0 packets lost and 0 connections broken', async () => {
    const from = await holder();
    const streams = await under(async () => {
      await drain(from, true);
      await movesTo(other(from));
    });
    expectUnharmed(streams);
    await drain(from, false);
    await settled();
  });
});

describe('the store', () => {
  it.each([
    ['wiped', ['FLUSHALL']],
    ['silent for three seconds', ['CLIENT', 'PAUSE', '3000', 'ALL']],
  ])('%s loses 0 packets and moves nothing', async (_how, command) => {
    const before = await holder();
    const streams = await under(async () => {
      await redis(...command);
      // Answered when the store is there again.
      await redis('PING');
    });
    expectUnharmed(streams);
    expect(await holder()).toBe(before);
  });
});

describe('unplanned', () => {
  it('ovs-vswitchd of the holder dies: another gateway takes over, no connection breaks', async () => {
    const from = await holder();
    const streams = await under(async () => {
      await crash('ovs', from);
      await movesTo(other(from));
    });
    expectKept(streams);
    await settled();
  });

  it('the node of the holder dies: another gateway takes over, no connection breaks', async () => {
    const from = await holder();
    const streams = await under(async () => {
      await killNode(from);
      await movesTo(other(from));
    });
    expectKept(streams);
    await repairLab();
    await settled();
  });
});
