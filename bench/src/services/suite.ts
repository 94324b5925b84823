/** The suite `services`: Services without kube-proxy, and kube-proxy beside it with the same objects. */
import { runProgram } from '@sluice/core';
import { endpointSlices, KubeClient, loadClusterConfig } from '@sluice/kube';
import { existingLab, type LabPlan, labStatus } from '@sluice/lab';
import { median } from '../harness/measure.js';
import { type Measurement } from '../harness/row.js';
import { type Suite, type SuiteContext } from '../harness/suite.js';
import { kernelRates } from '../kernel/lane.js';
import { labDown, labUp } from '../lab/lab.js';
import { pause } from '../lab/until.js';
import { choiceRows } from './choice.js';
import { GatewayProxy } from './gateway-proxy.js';
import { observations, quantile, since } from './histogram.js';
import { endKubeProxies, KubeProxy, kubeProxyVersion, type Mode } from './kube-proxy.js';
import { createOne, type Load, populate, sliceOf } from './objects.js';
import { type ServiceProxy } from './proxy.js';
import { rateRounds, Target } from './target.js';

const ownLab = 'bench';
const coldRuns = 3;
const changes = 50;
const paceMs = 500;

/** With so many Services something is measured; they become more from step to step. */
interface Step {
  /** Of the row, or what the rows' ids begin with. */
  readonly id: string;
  readonly load: Load;
  readonly what: 'rates' | 'first packet' | 'cold sync' | Mode;
  readonly goalSeconds?: number;
}

const bySize: readonly Step[] = [
  { id: 'rates', load: { services: 10, endpoints: 2 }, what: 'rates' },
  { id: 'first_packet_100', load: { services: 100, endpoints: 2 }, what: 'first packet' },
  { id: 'cold_sync_1k', load: { services: 1000, endpoints: 2 }, what: 'cold sync' },
  { id: 'cold_sync_10k', load: { services: 10_000, endpoints: 2 }, what: 'nftables' },
  { id: 'iptables_10k', load: { services: 10_000, endpoints: 2 }, what: 'iptables' },
  { id: 'first_packet_30000', load: { services: 30_000, endpoints: 2 }, what: 'first packet' },
  { id: 'cold_sync_44k', load: { services: 44_000, endpoints: 2 }, what: 'cold sync', goalSeconds: 12 },
];
/** In a lab of its own. */
const manyEndpoints: readonly Step[] = [
  {
    id: 'cold_sync_250k_endpoints',
    load: { services: 5000, endpoints: 50 },
    what: 'cold sync',
    goalSeconds: 15,
  },
];
const firstPacketAtMost = 1.1;

interface Bench {
  readonly plan: LabPlan;
  readonly client: KubeClient;
  readonly context: SuiteContext;
  readonly ours: ServiceProxy;
}

const wanted = ({ only }: SuiteContext, id: string): boolean =>
  only === undefined || only.split(',').some((one) => id.startsWith(one));

async function coldSyncs(
  proxy: ServiceProxy,
  { context }: Bench,
  runs = coldRuns,
): Promise<readonly number[]> {
  const samples: number[] = [];
  for (let run = 1; run <= runs; run++) {
    samples.push(await proxy.coldSync());
    context.progress(`${proxy.name}: cold sync ${run}/${runs}: ${(samples.at(-1) ?? 0).toFixed(2)} s`);
  }
  return samples;
}

interface Changed {
  readonly p99Ms: number;
  readonly count: number;
}

/** What `change` costs when the proxy has nothing else to do: two changes a second. */
async function changed(proxy: ServiceProxy, change: (index: number) => Promise<void>): Promise<Changed> {
  await proxy.idle();
  const before = await proxy.changeTimes();
  for (let index = 0; index < changes; index++) {
    await change(index);
    await pause(paceMs);
  }
  await proxy.idle();
  const between = since(before, await proxy.changeTimes());
  return { p99Ms: quantile(between, 0.99) * 1000, count: observations(between) };
}

interface Probe {
  readonly cold: readonly number[];
  readonly residentMb: number;
  readonly added: Changed;
  readonly replaced: Changed;
}

/** A proxy with all Services of a size; `firstNew` is the first Service that nobody has made yet. */
async function probe(
  proxy: ServiceProxy,
  bench: Bench,
  { load, firstNew }: { load: Load; firstNew: number },
): Promise<Probe> {
  const { client, context } = bench;
  const cold = await coldSyncs(proxy, bench);
  const added = await changed(proxy, (index) => createOne(client, firstNew + index, load.endpoints));
  const replaced = await changed(proxy, async (index) => {
    const slice = sliceOf(index, load.endpoints, firstNew);
    await client.apply(endpointSlices, slice, { fieldManager: 'bench', force: true });
  });
  const residentMb = proxy.residentMb();
  context.progress(
    `${proxy.name}: added p99 ${added.p99Ms.toFixed(1)} ms (${added.count}), endpoints p99 ${replaced.p99Ms.toFixed(1)} ms (${replaced.count}), ${residentMb.toFixed(0)} MB`,
  );
  return { cold, residentMb, added, replaced };
}

const modes: readonly Mode[] = ['nftables', 'iptables'];

/** With 10,000 Services: also how long a change takes, and what the processes weigh. */
async function* besideKubeProxy(bench: Bench, load: Load, mode: Mode): AsyncGenerator<Measurement> {
  // Each probe makes Services that nobody has made yet.
  const firstNew = load.services + 2 * changes * modes.indexOf(mode);
  const ours = await probe(bench.ours, bench, { load, firstNew });
  const proxy = new KubeProxy(bench.plan, 'worker-1', mode);
  try {
    const theirs = await probe(proxy, bench, { load, firstNew: firstNew + changes });
    const against = (of: (probe: Probe) => readonly number[]) => ({
      samples: of(ours),
      peer: { name: proxy.name, samples: of(theirs) },
    });
    const suffix = mode === 'nftables' ? '' : `_${mode}`;
    yield { id: `cold_sync_10k_s${suffix}`, unit: 's', ...against(({ cold }) => cold), goal: { atMost: 2 } };
    yield {
      id: `add_one_ms_p99${suffix}`,
      unit: 'ms',
      ...against(({ added }) => [added.p99Ms]),
      goal: { atMost: 20 },
    };
    yield {
      id: `endpoint_change_ms_p99${suffix}`,
      unit: 'ms',
      ...against(({ replaced }) => [replaced.p99Ms]),
      goal: { atMost: 20 },
    };
    yield { id: `rss_mb_10k${suffix}`, unit: 'MB', ...against(({ residentMb }) => [residentMb]) };
  } finally {
    await proxy.remove();
  }
}

const plain = 'the lab without Open vSwitch';

/** Through the gateway in userspace, and by the kernel's own routing between the same hosts: the lane's floor. */
async function* rates(target: Target, { context }: Bench): AsyncGenerator<Measurement> {
  const rows = [
    { id: 'connects_per_s', unit: '1/s', what: 'connects', factor: 1 },
    { id: 'throughput_mbps', unit: 'Mbit/s', what: 'bytes', factor: 8e-6 },
  ] as const;
  const failed: number[] = [];
  for (const { id, unit, what, factor } of rows) {
    const samples = { gateway: [] as number[], plain: [] as number[] };
    for (let round = 0; round < rateRounds; round++) {
      for (const way of ['plain', 'gateway'] as const) {
        const rate = await target.rate(what, way, round);
        samples[way].push(rate.perSecond * factor);
        if (way === 'gateway' && what === 'connects') failed.push(rate.failed);
      }
    }
    context.progress(
      `${id}: ${median(samples.gateway).toFixed(0)}, plain ${median(samples.plain).toFixed(0)}`,
    );
    yield { id, unit, samples: samples.gateway, peer: { name: plain, samples: samples.plain } };
  }
  yield { id: 'connects_failed', unit: '1', samples: failed, of: (counts) => Math.max(...counts) };
}

/** Milliseconds, for each number of Services. */
type FirstPackets = Map<number, readonly number[]>;

async function* measure(
  bench: Bench,
  { id, load, what, goalSeconds }: Step,
  { target, times }: { readonly target: Target; readonly times: FirstPackets },
): AsyncGenerator<Measurement> {
  if (what === 'rates') {
    yield* rates(target, bench);
  } else if (what === 'nftables' || what === 'iptables') {
    yield* besideKubeProxy(bench, load, what);
  } else if (what === 'cold sync') {
    const goal = goalSeconds === undefined ? {} : { goal: { atMost: goalSeconds } };
    yield { id: `${id}_s`, unit: 's', samples: await coldSyncs(bench.ours, bench), ...goal };
  } else {
    await bench.ours.idle();
    const samples = await target.connectTimes();
    bench.context.progress(`first packets, ${load.services} Services: ${median(samples).toFixed(3)} ms`);
    times.set(load.services, samples);
    yield { id: `${id}_ms`, unit: 'ms', samples };
  }
}

async function* onLab(
  name: string,
  context: SuiteContext,
  steps: readonly Step[],
): AsyncGenerator<Measurement> {
  const plan = existingLab(name);
  const client = new KubeClient(await loadClusterConfig({ kubeconfig: labStatus(plan).kubeconfig }));
  const bench: Bench = { plan, client, context, ours: new GatewayProxy(plan, 'gateway-1') };
  endKubeProxies();
  const target = await Target.open(plan, client);
  const times: FirstPackets = new Map();
  try {
    let made = 0;
    for (const step of steps) {
      context.progress(`${step.load.services} Services with ${step.load.endpoints} endpoints each`);
      await populate(client, made, step.load);
      // The changes that are measured make some more, which are there already when their turn comes.
      made = step.load.services;
      yield* measure(bench, step, { target, times });
    }
  } finally {
    await target.stop();
    await client.close();
  }
  const [few, many] = [times.get(100), times.get(30_000)];
  if (few === undefined || many === undefined) return;
  yield {
    id: 'first_packet_ratio_30000_to_100',
    unit: '1',
    samples: [median(many) / median(few)],
    runs: many.length,
    goal: { atMost: firstPacketAtMost },
  };
}

async function* run(context: SuiteContext): AsyncGenerator<Measurement> {
  if (context.lab !== undefined)
    throw new RangeError(
      'the suite "services" ends the kube-proxies of its lab, and takes none that is running; leave out --lab',
    );
  if (wanted(context, 'choice')) {
    context.progress('which endpoint clients meet');
    yield* await choiceRows();
  }
  if (wanted(context, 'kernel')) {
    context.progress('rates with the kernel datapath, in a kernel of its own');
    yield* kernelRates();
  }
  for (const all of [bySize, manyEndpoints]) {
    const steps = all.filter(({ id }) => wanted(context, id));
    if (steps.length === 0) continue;
    try {
      await labUp(ownLab, '--workers', '1', '--gateways', '1');
      yield* onLab(ownLab, context, steps);
    } finally {
      await labDown(ownLab);
    }
  }
}

export const servicesSuite: Suite = {
  name: 'services',
  description: 'Services without kube-proxy, and kube-proxy with the same objects beside it',
  versions: async () => {
    const { stdout } = await runProgram({ command: ['ovs-vswitchd', '--version'] });
    return { openvswitch: /\d+\.\d+\S*/.exec(stdout)?.[0] ?? stdout.trim(), 'kube-proxy': kubeProxyVersion };
  },
  run,
};
