/** The suite `path`: how fast an annotation takes effect, what the switch takes, what the processes weigh. */
import { runProgram } from '@sluice/core';
import { KubeClient, loadClusterConfig } from '@sluice/kube';
import { percentile, seconds } from '../harness/measure.js';
import { type Measurement } from '../harness/row.js';
import { type Suite, type SuiteContext } from '../harness/suite.js';
import { labDown, labFacts, labUp } from '../lab/lab.js';
import { annotationToPacketMs, namespacesGone } from './annotation.js';
import { bundleRows } from './bundle.js';
import { memoryRows } from './memory.js';

const ownLab = 'bench';
const runs = 50;
const upGoalSeconds = 120;

async function versionOf(program: string): Promise<string> {
  const { stdout } = await runProgram({ command: [program, '--version'] });
  return /\d+\.\d+\S*/.exec(stdout)?.[0] ?? stdout.trim();
}

async function* labRows(name: string, context: SuiteContext): AsyncGenerator<Measurement> {
  const lab = await labFacts(name);
  const client = new KubeClient(await loadClusterConfig({ kubeconfig: lab.kubeconfig }));
  try {
    if (wanted(context, 'annotation_to_packet')) yield* annotationRows({ client, lab, context });
    // After the work: what they weigh in use, not freshly started.
    if (wanted(context, 'rss_')) yield* await memoryRows(client);
  } finally {
    await client.close();
  }
}

const wanted = ({ only }: SuiteContext, id: string): boolean =>
  only === undefined || id.includes(only) || only.includes(id);

interface AnnotationContext {
  readonly client: KubeClient;
  readonly lab: Awaited<ReturnType<typeof labFacts>>;
  readonly context: SuiteContext;
}

async function* annotationRows({ client, lab, context }: AnnotationContext): AsyncGenerator<Measurement> {
  const samples: number[] = [];
  for (let run = 0; run < runs; run++) {
    const took = await annotationToPacketMs({ client, lab, run });
    samples.push(took);
    context.progress(`annotation to packet, run ${run + 1} of ${runs}: ${took.toFixed(0)} ms`);
  }
  await namespacesGone(client, runs);
  const common = { unit: 'ms', samples };
  const part = (percent: number) => (all: readonly number[]) => percentile(all, percent);
  yield { id: 'annotation_to_packet_ms_p50', ...common, of: part(50) };
  yield { id: 'annotation_to_packet_ms_p99', ...common, of: part(99), goal: { atMost: 300 } };
}

/** The first one builds what the cache lacks; the second is what everybody waits for every day. */
async function* onOwnLab(context: SuiteContext): AsyncGenerator<Measurement> {
  try {
    context.progress('a lab for the bench, first time');
    await labUp(ownLab);
    await labDown(ownLab);
    context.progress('the same lab, second time');
    const samples = [await seconds(() => labUp(ownLab))];
    yield { id: 'lab_up_second_s', unit: 's', samples, goal: { atMost: upGoalSeconds } };
    yield* labRows(ownLab, context);
  } finally {
    await labDown(ownLab);
  }
}

async function* run(context: SuiteContext): AsyncGenerator<Measurement> {
  if (wanted(context, 'bundle')) {
    context.progress('100,000 flows in one bundle');
    yield* await bundleRows();
  }
  if (context.only !== undefined && !/^(annotation|rss|lab)/.test(context.only)) return;
  yield* context.lab === undefined ? onOwnLab(context) : labRows(context.lab, context);
}

export const pathSuite: Suite = {
  name: 'path',
  description: 'from the annotation to the packet, bundles of flows, memory, start of the lab',
  versions: async () => ({ openvswitch: await versionOf('ovs-vswitchd') }),
  run,
};
