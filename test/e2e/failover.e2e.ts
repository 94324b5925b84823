/** Addresses move between gateways: by themselves when something dies, by plan when somebody asks; connections stay. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  allLanes,
  crowdLanes,
  dualFrames,
  existingLab,
  gatewaysAreReached,
  type LaneReport,
  type Manner,
  type NodeFault,
  podNetwork,
  Traffic,
  type TrafficReport,
  Witness,
} from '@sluice/lab';
import { crash } from './support/components.js';
import { failApi, failNode, failRedis, redis, repairLab } from './support/faults.js';
import { eventually, kubectl, kubectlJson, labName } from './support/lab.js';
import { endpoint, pool, servers, worker } from './support/lab-facts.js';
import { addressSeen, createNamespace, deleteNamespace, type PodRef, runPod } from './support/workloads.js';

const namespace = 'e2e-failover';
const egress = { ipv4: '198.18.0.114', ipv6: '2001:db8:18::114' };
const client: PodRef = { namespace, name: 'client' };
const server = { ipv4: servers.ipv4.routed, ipv6: servers.ipv6.routed };
const gateways = ['gateway-1', 'gateway-2'];
const plan = existingLab(labName);
let clientUid = '';

interface Slot {
  readonly slot: number;
  readonly holder?: string;
  readonly previous?: string;
  readonly order: readonly string[];
}

const slots = async (): Promise<readonly Slot[]> => {
  const { status } = await kubectlJson<{ status?: { slots?: readonly Slot[] } }>('get', 'epool', pool.name);
  return status?.slots ?? [];
};

async function slot(): Promise<Slot> {
  const name = egress.ipv4.replaceAll('.', '-');
  const { spec } = await kubectlJson<{ spec: { slot: number } }>('get', 'egressaddress', name);
  const found = (await slots()).find((entry) => entry.slot === spec.slot);
  if (found === undefined) throw new Error(`slot ${spec.slot} is not in the pool`);
  return found;
}

async function holder(): Promise<string> {
  const { holder: name } = await slot();
  if (name === undefined) throw new Error('the address has no holder');
  return name;
}

const other = (gateway: string): string => gateways.find((name) => name !== gateway) ?? '';

const movesTo = (gateway: string): Promise<boolean> =>
  eventually(`${gateway} to hold the address`, async () => (await holder()) === gateway);

/** Every gateway is there again and has its share, so that nothing moves by itself, and no connection of ours is elsewhere. */
const settled = (): Promise<boolean> =>
  eventually(
    'both gateways to be ready and to have their shares, and no move to be under way',
    async () => {
      const { items } = await kubectlJson<{
        readonly items: readonly { readonly status?: { readonly state?: string } }[];
      }>('get', 'egressgateways');
      const balanced = (await slots()).every(
        ({ holder: name, order }) => name !== undefined && name === order[0],
      );
      return (
        balanced &&
        (await gatewaysAreReached(plan)) &&
        items.every(({ status }) => status?.state === 'Ready') &&
        (await slot()).previous === undefined
      );
    },
    { withinMs: 180_000 },
  );

const drain = (gateway: string, draining: boolean): Promise<string> =>
  kubectl('patch', 'egressgateway', gateway, '--type=merge', '-p', JSON.stringify({ spec: { draining } }));

interface Seen {
  readonly report: TrafficReport;
  /** Frames on the uplink of a gateway that another one had followed already. */
  readonly dual: number;
}

/** Traffic of every kind in both families while `disturb` runs, and until new answers came after it. */
async function under(disturb: () => Promise<unknown>, { planned = false } = {}): Promise<Seen> {
  const witness = await Witness.start(plan, new Set(Object.values(egress)));
  const traffic = Traffic.start({ uid: clientUid, lanes: allLanes(server) });
  try {
    await answered();
    await disturb();
    await answered();
  } finally {
    traffic.end();
    witness.end();
  }
  return { report: await traffic.report(), dual: dualFrames(await witness.frames(), { planned }) };
}

/** TCP connections of the client, as its own kernel counts them. */
async function openConnections(): Promise<number> {
  const command = [`--net=${podNetwork(clientUid)}`, 'ss', '-Htn', 'state', 'established'];
  const { stdout } = await promisify(execFile)('nsenter', command);
  return stdout.split('\n').length - 1;
}

async function answered(): Promise<void> {
  expect(await addressSeen(client, endpoint(server.ipv4, 'tcp'), 'connect')).toBe(egress.ipv4);
  expect(await addressSeen(client, endpoint(server.ipv6, 'tcp'), 'connect')).toBe(egress.ipv6);
}

const lanes = ({ report }: Seen, ...kinds: readonly string[]): Record<string, LaneReport> =>
  Object.fromEntries(Object.entries(report).filter(([name]) => kinds.includes(name.slice(0, -1))));
const each = (found: Record<string, LaneReport>, what: object) =>
  Object.fromEntries(Object.keys(found).map((name) => [name, expect.objectContaining(what)]));

/** Connections that were there go on, downloads with a silent Pod too; new ones came later, and nobody saw another address. */
function expectKept(seen: Seen): void {
  const connections = lanes(seen, 'tcp', 'push', 'new');
  expect(connections).toEqual(each(connections, { lost: 0, errors: {} }));
  expect(seen.dual).toBe(0);
  for (const [name, { seen: addresses }] of Object.entries(lanes(seen, 'tcp', 'udp', 'new'))) {
    expect(Object.keys(addresses)).toEqual([name.endsWith('4') ? egress.ipv4 : egress.ipv6]);
  }
}

function expectUnharmed(seen: Seen): void {
  expectKept(seen);
  const packets = lanes(seen, 'ping', 'udp');
  expect(packets).toEqual(each(packets, { lost: 0, errors: {} }));
}

beforeAll(async () => {
  await createNamespace(namespace, `${egress.ipv4},${egress.ipv6}`);
  await runPod(client, { node: worker });
  const pod = await kubectlJson<{ metadata: { uid: string } }>('get', 'pod', '-n', namespace, client.name);
  clientUid = pod.metadata.uid;
  await answered();
});

beforeEach(async () => {
  await settled();
});

// A test that fails leaves nothing broken to the next one.
afterEach(async () => {
  for (const gateway of gateways) await drain(gateway, false);
  await repairLab();
});

afterAll(() => deleteNamespace(namespace));

describe('nothing moves, and 0 packets are lost, when', () => {
  const whileAway = async (ms: number): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    await repairLab();
  };
  it.each<[string, (holder: string) => Promise<unknown>]>([
    ['the store is wiped', () => redis('FLUSHALL')],
    ['the store is silent', () => redis('CLIENT', 'PAUSE', '3000', 'ALL').then(() => redis('PING'))],
    ['the store dies and comes back empty', () => failRedis().then(() => whileAway(3000))],
    ['the API server is away', () => failApi().then(() => whileAway(3000))],
    [
      'the holder is cut off from the store',
      (name) => failNode(name, 'redis-link').then(() => whileAway(3000)),
    ],
    ['the process of the holder is killed', (name) => crash('gateway', name)],
    [
      'the process of the holder hangs',
      (name) => failNode(name, 'process', 'freeze').then(() => whileAway(2000)),
    ],
  ])('%s', async (_what, disturb) => {
    const before = await holder();
    const seen = await under(() => disturb(before));
    expectUnharmed(seen);
    expect(await holder()).toBe(before);
  });
});

describe('another gateway takes over, no connection breaks, and nobody hears two holders, when', () => {
  it.each<[string, NodeFault, Manner]>([
    ['ovs-vswitchd of the holder dies', 'ovs', 'die'],
    ['the uplink of the holder is dead behind the switch', 'uplink', 'die'],
    ['the underlay of the holder is dead behind the switch', 'underlay', 'die'],
    ['the node of the holder dies', 'node', 'die'],
  ])('%s', async (_what, fault, manner) => {
    const from = await holder();
    const seen = await under(async () => {
      await failNode(from, fault, manner);
      await movesTo(other(from));
    });
    expectKept(seen);
  });
});

/** Nobody but the gate ends what it forwards, and for some seconds there is no holder: new connections fail then. */
it('the process of the holder dies and stays dead: another gateway takes over when the gate has run out, no connection breaks', async () => {
  const from = await holder();
  const seen = await under(async () => {
    await failNode(from, 'process', 'hold');
    await movesTo(other(from));
  });
  const connections = lanes(seen, 'tcp', 'push');
  expect(connections).toEqual(each(connections, { lost: 0, errors: {} }));
  expect(seen.dual).toBe(0);
});

describe('0 packets are lost and 0 connections broken in', () => {
  it('a planned drain', async () => {
    const from = await holder();
    const seen = await under(
      async () => {
        await drain(from, true);
        await movesTo(other(from));
      },
      { planned: true },
    );
    expectUnharmed(seen);
  });

  /** Packets are counted by `make chaos`: so many connections on one machine cost some by themselves. */
  it('a planned drain with 1,000 live connections: none is broken', async () => {
    const crowd = Traffic.start({ uid: clientUid, lanes: crowdLanes(server, 500) });
    try {
      // What it costs to open so many at once is another matter.
      await eventually('all connections to be open', async () => (await openConnections()) >= 1000);
      const from = await holder();
      const seen = await under(
        async () => {
          await drain(from, true);
          await movesTo(other(from));
        },
        { planned: true },
      );
      expectKept(seen);
    } finally {
      crowd.end();
    }
    const report = await crowd.report();
    expect(report).toEqual(each(report, { lost: 0, errors: {} }));
  });

  it('the return of a gateway that gets its share back', async () => {
    const [back = ''] = gateways;
    await eventually(`${back} to hold nothing`, async () => {
      await drain(back, true);
      return (await slots()).every(({ holder: name }) => name !== back);
    });
    const seen = await under(
      async () => {
        await drain(back, false);
        await eventually(
          `${back} to have its share`,
          async () => (await slots()).every(({ holder: name, order }) => name === order[0]),
          { withinMs: 180_000 },
        );
      },
      { planned: true },
    );
    expectUnharmed(seen);
  });
});
