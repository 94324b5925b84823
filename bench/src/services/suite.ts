/** The suite `services`: Services without kube-proxy, and kube-proxy beside it with the same objects. */
import { runProgram } from '@sluice/core';
import { endpointSlices, KubeClient, loadClusterConfig } from '@sluice/kube';
import { existingLab, type LabPlan, labStatus } from '@sluice/lab';
import { type Measurement } from '../harness/row.js';
import { type Suite, type SuiteContext } from '../harness/suite.js';
import { labDown, labUp } from '../lab/lab.js';
import { choiceRows } from './choice.js';
import { GatewayProxy } from './gateway-proxy.js';
import { observations, quantile, since } from './histogram.js';
import { endKubeProxies, KubeProxy, kubeProxyVersion } from './kube-proxy.js';
import { createOne, type Load, populate, sliceOf } from './objects.js';
import { type ServiceProxy } from './proxy.js';

const ownLab = 'bench';
const coldRuns = 3;
const changes = 50;

interface Size {
  readonly id: string;
  readonly load: Load;
  readonly goalSeconds?: number;
  /** With kube-proxy beside it, which takes long for more of them. */
  readonly peers?: true;
}

const sizes: readonly Size[] = [
  { id: '1k', load: { services: 1000, endpoints: 2 } },
  { id: '10k', load: { services: 10_000, endpoints: 2 }, goalSeconds: 2, peers: true },
  { id: '44k', load: { services: 44_000, endpoints: 2 }, goalSeconds: 12 },
];

interface Bench {
  readonly plan: LabPlan;
  readonly client: KubeClient;
  readonly context: SuiteContext;
  readonly ours: ServiceProxy;
}

const wanted = ({ only }: SuiteContext, id: string): boolean => only === undefined || only.includes(id);

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

/** What `change` costs when the proxy has nothing else to do, one change after the other. */
async function changed(proxy: ServiceProxy, change: (index: number) => Promise<void>): Promise<Changed> {
  await proxy.idle();
  const before = await proxy.changeTimes();
  for (let index = 0; index < changes; index++) await change(index);
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

/** With 10,000 Services: also how long a change takes, and what the processes weigh. */
async function* againstPeers(bench: Bench, load: Load): AsyncGenerator<Measurement> {
  let firstNew = load.services;
  const next = () => ({ load, firstNew: (firstNew += changes) - changes });
  const ours = await probe(bench.ours, bench, next());
  for (const mode of ['nftables', 'iptables'] as const) {
    const proxy = new KubeProxy(bench.plan, 'worker-1', mode);
    try {
      const theirs = await probe(proxy, bench, next());
      const against = (of: (probe: Probe) => readonly number[]) => ({
        samples: of(ours),
        peer: { name: proxy.name, samples: of(theirs) },
      });
      const suffix = mode === 'nftables' ? '' : `_${mode}`;
      yield {
        id: `cold_sync_10k_s${suffix}`,
        unit: 's',
        ...against(({ cold }) => cold),
        goal: { atMost: 2 },
      };
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
      await proxy.stop();
    }
  }
}

async function* onLab(name: string, context: SuiteContext): AsyncGenerator<Measurement> {
  const plan = existingLab(name);
  const client = new KubeClient(await loadClusterConfig({ kubeconfig: labStatus(plan).kubeconfig }));
  const bench: Bench = { plan, client, context, ours: new GatewayProxy(plan, 'gateway-1') };
  endKubeProxies();
  try {
    let made = 0;
    for (const { id, load, goalSeconds, peers } of sizes.filter((size) =>
      wanted(context, `cold_sync_${size.id}`),
    )) {
      context.progress(`${load.services} Services with ${load.endpoints} endpoints each`);
      await populate(client, made, load);
      made = load.services;
      if (peers === true) {
        yield* againstPeers(bench, load);
        made += 3 * changes;
        continue;
      }
      const goal = goalSeconds === undefined ? {} : { goal: { atMost: goalSeconds } };
      yield { id: `cold_sync_${id}_s`, unit: 's', samples: await coldSyncs(bench.ours, bench), ...goal };
    }
  } finally {
    await client.close();
  }
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
  if (!sizes.some(({ id }) => wanted(context, `cold_sync_${id}`))) return;
  try {
    await labUp(ownLab, '--workers', '1', '--gateways', '1');
    yield* onLab(ownLab, context);
  } finally {
    await labDown(ownLab);
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
