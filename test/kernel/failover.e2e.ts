/** An address moves between two gateways with the kernel datapath, by death and by plan, and its connections stay. */
import { join } from 'node:path';
import { setTimeout as lasting } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { type Move } from '@sluice/coordination';
import { egressGateways } from '@sluice/kube';
import {
  dualFrames,
  families,
  type Frame,
  type Host,
  type KernelCluster,
  lanesOf,
  outsideAddresses,
  podAddresses,
  statusPorts,
  type TrafficReport,
  undisturbed,
  until,
  Witness,
} from '@sluice/lab';
import { sctpClient, sctpServer } from './support/programs.js';
import {
  each,
  egress,
  leavesByItsAddress,
  patienceMs,
  slotOf,
  startMs,
  startSluice,
  switchPid,
  under,
  unharmed,
} from './support/sluice.js';

/** With the repetitions of those that are to be undisturbed. */
const testMs = 400_000;

let cluster: KernelCluster;

beforeAll(async () => {
  cluster = await startSluice({ gateways: 2 });
}, startMs);
afterAll(async () => {
  await cluster.stop();
});
afterEach(async () => {
  for (const gateway of cluster.hosts.gateways) {
    await gateway.mend();
    process.kill(switchPid(gateway), 'SIGCONT');
    cluster.signal(gateway, 'SIGCONT');
    await drain(gateway, false);
  }
}, testMs);

const drain = ({ name }: Host, draining: boolean): Promise<unknown> =>
  cluster.client.patch(egressGateways, { name }, { spec: { draining } });

const watched = () =>
  [...cluster.hosts.gateways, cluster.hosts.worker].map(({ directory }) => ({
    ovsRunDir: join(directory, 'ovs'),
  }));

/** Both gateways work, and nothing is under way. */
const settled = (): Promise<void> =>
  until(
    'both gateways to be ready, and no former holder',
    async () => {
      const gateways = await cluster.client.listAll(egressGateways);
      const { holder, previous } = await slotOf(cluster);
      const ready = gateways.filter(({ status }) => status?.state === 'Ready');
      return ready.length === 2 && holder !== undefined && previous === undefined;
    },
    testMs,
  );

async function holderAndOther(): Promise<{ readonly holder: Host; readonly other: Host }> {
  await settled();
  const { holder: name } = await slotOf(cluster);
  const holder = cluster.hosts.gateways.find((gateway) => gateway.name === name);
  const other = cluster.hosts.gateways.find((gateway) => gateway !== holder);
  if (holder === undefined || other === undefined) throw new Error(`${String(name)} is no gateway`);
  return { holder, other };
}

interface Seen {
  readonly report: TrafficReport;
  /** So many gateways sent with the address. */
  readonly holders: number;
  readonly dual: readonly Frame[];
}

const holds = ({ name }: Host): Promise<void> =>
  until(`${name} to hold the address`, async () => (await slotOf(cluster)).holder === name, patienceMs);

/** Of the Pod, until it is answered again with its address. */
async function seenWhile(disturb: () => unknown, planned = false): Promise<Seen> {
  const witness = await Witness.in('/proc/1/ns/net', new Set([egress.ipv4, egress.ipv6]));
  const report = await under(cluster, async () => {
    await leavesByItsAddress(cluster);
    await disturb();
    await leavesByItsAddress(cluster);
  }, ['pod']);
  witness.end();
  const frames = await witness.frames();
  const holders = new Set(frames.map(({ mac }) => mac)).size;
  return { report, holders, dual: dualFrames(frames, { planned }) };
}

/** What took so long, of the first moves: when the successor began, after the disturbance, and its steps since then. */
async function stepsOf(other: Host, since: number): Promise<string> {
  const text = await other.run('curl', '-fs', `http://127.0.0.1:${String(statusPorts.gateway)}/moves`);
  const { moves } = JSON.parse(text) as { readonly moves: readonly Move[] };
  const own = moves.filter(({ to, startedAt }) => to === other.name && Date.parse(startedAt) >= since);
  return own
    .slice(0, 3)
    .map(({ why, slots, startedAt, steps }) => {
      const named = Object.entries(steps).map(([step, ms]) => `${step} ${String(Math.round(ms))}`);
      return `${why} (${String(slots.length)} slots) after ${String(Date.parse(startedAt) - since)} ms: ${named.join(', ')}`;
    })
    .join('; ');
}

/** The holder is disturbed, and the other one holds the address then. */
async function moved(disturb: (holder: Host) => unknown, planned = false): Promise<TrafficReport> {
  const { holder, other } = await holderAndOther();
  let since = 0;
  const seen = await seenWhile(async () => {
    since = Date.now();
    await disturb(holder);
    await holds(other);
  }, planned);
  console.log(await stepsOf(other, since));
  expect(seen).toMatchObject({ holders: 2, dual: [] });
  return seen.report;
}

const everywhere = ['uplink', 'underlay', 'management'] as const;

test.each<[string, (holder: Host) => unknown]>([
  ['its node dies', (holder) => holder.cut(everywhere)],
  ['its uplink is dead behind the switch', (holder) => holder.cut(['uplink'])],
  ['its underlay is dead behind the switch', (holder) => holder.cut(['underlay'])],
  ['its Open vSwitch hangs', (holder) => process.kill(switchPid(holder), 'SIGSTOP')],
])(
  'a holder loses the address when %s: connections go on with the other gateway, also one on which the Pod is silent',
  async (what, disturb) => {
    const report = await moved(disturb);
    const gaps = Object.values(lanesOf(report, 'ping')).map(({ longestGapMs }) => Math.round(longestGapMs));
    console.log(`${what}: longest gaps of pings ${gaps.join(' and ')} ms`);
    const connections = lanesOf(report, 'tcp', 'push');
    expect(connections).toEqual(each(connections, unharmed));
  },
  testMs,
);

test.each(families)(
  'an SCTP association goes on when the node of the holder dies (%s)',
  async (family) => {
    const { outside, pod } = cluster.hosts;
    const { holder, other } = await holderAndOther();
    const server = outside.lines(...sctpServer(outsideAddresses[family]));
    await until('the server to listen', () => server.lines.includes('ready'), patienceMs);
    const client = pod.lines(...sctpClient(podAddresses[family], outsideAddresses[family]));
    // With both tags, which the next snapshot brings to the other gateway.
    const more = (count: number): Promise<void> => {
      const enough = client.lines.length + count;
      return until('the association to go on', () => client.lines.length >= enough, patienceMs);
    };
    await more(30);
    await holder.cut(everywhere);
    await holds(other);
    await more(20);
    expect(server.lines).toEqual(['ready', expect.stringMatching(`^${egress[family]} `)]);
    // It would keep a former holder until the drain timeout.
    await client.end();
    await server.end();
  },
  testMs,
);

/** For two seconds. One that is started again takes nine here, longer than its gates last. */
async function stoppedForAWhile(holder: Host): Promise<void> {
  cluster.signal(holder, 'SIGSTOP');
  await lasting(2000);
  cluster.signal(holder, 'SIGCONT');
}

/** Until the gateways have said again what they hold. */
async function redisEmptied(): Promise<void> {
  const { redis, hosts } = cluster;
  await redis.kill();
  await redis.startAgain();
  const slots = async (): Promise<boolean> =>
    (await hosts.control.run('redis-cli', '-u', redis.url, 'keys', '*')).includes('slot');
  await until('Redis to know the slots', slots, patienceMs);
}

test.each<[string, (holder: Host) => Promise<void>]>([
  ['its process hangs for two seconds', stoppedForAWhile],
  ['Redis dies and comes back empty', redisEmptied],
])(
  'a holder keeps the address, and nothing is lost, when %s',
  (_, disturb) =>
    undisturbed(watched(), async () => {
      const { holder } = await holderAndOther();
      const { report, holders } = await seenWhile(() => disturb(holder));
      expect(report).toEqual(each(report, unharmed));
      expect(holders).toBe(1);
      expect((await slotOf(cluster)).holder).toBe(holder.name);
    }),
  testMs,
);

test(
  'a holder is drained: nothing is lost',
  () =>
    undisturbed(watched(), async () => {
      for (const gateway of cluster.hosts.gateways) await drain(gateway, false);
      const report = await moved((holder) => drain(holder, true), true);
      expect(report).toEqual(each(report, unharmed));
    }),
  testMs,
);
