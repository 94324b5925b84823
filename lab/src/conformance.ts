/**
 * Kubernetes' own end-to-end tests of load balancers, with Sluice as the load balancer: the upstream test binary, from a host
 * outside that reaches the API server.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureUpstreamImages } from './images.js';
import { changeSettings } from './install.js';
import { inNamespace } from './namespaces.js';
import { type LabPlan } from './plan.js';
import { type Progress } from './progress.js';
import { ensureProgram, programPath } from './programs.js';
import { hosts, testerName } from './topology.js';
import { updateNodeImages } from './up.js';

interface Exclusion {
  /** Part of the test's name. */
  readonly test: string;
  readonly reason: string;
}

/** Everything else must pass. */
const exclusions: readonly Exclusion[] = [
  {
    test: 'should handle load balancer cleanup finalizer for service',
    reason:
      "the finalizer service.kubernetes.io/load-balancer-cleanup is for load balancers outside the cluster, which nobody would remove after the Service is gone; Sluice's addresses are objects of the cluster",
  },
  {
    test: 'should only target nodes with endpoints',
    reason:
      "it asks for the health of an IPv4 Service by every address of a worker, and the kube-proxy of the lab's workers, which answers there, listens on the address of the Service's family alone; the nodes of the lab have both",
  },
];

/** As ginkgo's reports name it. */
const focus = '\\[sig-network\\] LoadBalancers';

/** The part of ginkgo's JSON report that is looked at (ginkgo/v2 types.Report). */
interface Spec {
  readonly ContainerHierarchyTexts: readonly string[] | null;
  readonly LeafNodeType: string;
  readonly LeafNodeText: string;
  readonly State: string;
  readonly RunTime: number;
  readonly Failure?: { readonly Message: string };
}

export interface ConformanceResult {
  readonly name: string;
  readonly state: string;
  readonly seconds: number;
  readonly message: string;
}

export const hasFailed = ({ state }: ConformanceResult): boolean => state !== 'passed';

/** Tests that were to run, in the order in which they ran. */
function resultsIn(file: string): readonly ConformanceResult[] {
  const [report] = JSON.parse(readFileSync(file, 'utf8')) as readonly {
    readonly SpecReports: readonly Spec[];
  }[];
  return (report?.SpecReports ?? [])
    .filter(({ LeafNodeType, State }) => LeafNodeType === 'It' && State !== 'skipped')
    .map(({ ContainerHierarchyTexts, LeafNodeText, State, RunTime, Failure }) => ({
      name: [...(ContainerHierarchyTexts ?? []), LeafNodeText].join(' '),
      state: State,
      seconds: Math.round(RunTime / 1e9),
      message: Failure?.Message ?? '',
    }));
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Runs them on a lab that is up, with their output on ours. Throws when they end without a report. */
export async function runConformance(
  plan: LabPlan,
  progress: Progress,
  only = '',
): Promise<readonly ConformanceResult[]> {
  await ensureProgram('e2e.test', progress);
  await updateNodeImages(plan, await ensureUpstreamImages(progress));
  await changeSettings(plan, { SLUICE_DEFAULT_LOAD_BALANCER: 'true' }, progress);
  const directory = join(plan.directory, 'conformance');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const report = join(directory, 'report.json');
  const namespace = hosts(plan).find(({ name }) => name === testerName)?.namespace ?? '';
  const command = inNamespace(namespace, [
    programPath('e2e.test'),
    '--provider=skeleton',
    `--kubeconfig=${plan.kubeconfig}`,
    `--kubectl-path=${programPath('kubectl')}`,
    `--ginkgo.focus=${focus}.*${escaped(only)}`,
    ...exclusions.map(({ test }) => `--ginkgo.skip=${escaped(test)}`),
    '--non-blocking-taints=sluice.dev/gateway',
    '--ginkgo.timeout=2h',
    `--ginkgo.json-report=${report}`,
    '--ginkgo.no-color',
  ]);
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'], cwd: directory });
  const [status] = (await once(child, 'close')) as [number | null];
  if (!existsSync(report))
    throw new Error(`the tests ended with status ${String(status)} and without a report; see what they said`);
  return resultsIn(report);
}

const wide = 100;

export function renderConformance(results: readonly ConformanceResult[]): string {
  const lines = results.map(
    ({ name, state, seconds, message }) =>
      `${state === 'passed' ? '✓' : '✗'} ${name} (${seconds} s)${message === '' ? '' : `: ${message.split('\n')[0]?.slice(0, wide) ?? ''}`}`,
  );
  const left = exclusions.map(({ test, reason }) => `– ${test}: left out, because ${reason}`);
  const failed = results.filter(hasFailed).length;
  return [
    ...lines,
    ...left,
    `${results.length - failed} passed, ${failed} failed, ${left.length} left out`,
  ].join('\n');
}
