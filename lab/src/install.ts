/** Installs Sluice as its users do: its images on the nodes, its manifest applied, its ConfigMap edited. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { until } from './command.js';
import { apply, kubectl, kubectlJson } from './kubectl.js';
import { redisUrl } from './outside.js';
import { hostAddress, type LabPlan, ports } from './plan.js';
import { productVersion } from './product-images.js';
import { type Progress } from './progress.js';
import { sourceRoot } from './programs.js';

const namespace = 'sluice-system';

interface Workload {
  readonly kind: 'Deployment' | 'DaemonSet';
  readonly name: string;
  /** Of its image; a new image under the same tag needs new Pods. */
  readonly image: 'sluice' | 'sluice-ovs';
}

const workloads: readonly Workload[] = [
  { kind: 'DaemonSet', name: 'sluice-ovs', image: 'sluice-ovs' },
  { kind: 'Deployment', name: 'sluice-controller', image: 'sluice' },
  { kind: 'DaemonSet', name: 'sluice-gateway', image: 'sluice' },
  { kind: 'DaemonSet', name: 'sluice-agent', image: 'sluice' },
];

/** A minute is for networks of people; tests would wait for it again and again. */
export const holdDownSeconds = 10;

/** Gateways run no kube-proxy: the API server is named directly. */
const settings = (plan: LabPlan) => ({
  SLUICE_DATAPATH: 'netdev',
  SLUICE_UNDERLAY_INTERFACE: 'u0',
  SLUICE_UPLINK_INTERFACE: 'e0',
  // The API server and DNS, which are no nodes.
  SLUICE_CLUSTER_CIDRS: `${plan.host.ipv4}/32,${plan.host.ipv6}/128`,
  SLUICE_REDIS_URL: redisUrl(plan),
  SLUICE_HOLD_DOWN_SECONDS: String(holdDownSeconds),
  KUBERNETES_SERVICE_HOST: hostAddress(plan),
  KUBERNETES_SERVICE_PORT: String(ports.api),
});

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
}

function manifest(plan: LabPlan): readonly object[] {
  const text = readFileSync(join(sourceRoot, 'deploy', 'sluice.yaml'), 'utf8');
  return parseAllDocuments(text).map((document) => {
    const object = document.toJS() as Manifest;
    if (object.kind !== 'ConfigMap' || object.metadata.name !== 'sluice-config') return object;
    return { ...object, data: { ...object.data, ...settings(plan) } };
  });
}

/** The pool that the demo and the tests take addresses from. */
const pool = {
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'EgressPool',
  metadata: { name: 'default' },
  spec: {
    ranges: [{ cidr: '198.18.0.96/27' }, { start: '2001:db8:18::100', end: '2001:db8:18::1ff' }],
    uplink: { nextHops: ['198.18.0.1', '2001:db8:18::1'], prefixLengths: [24, 64] },
  },
};

async function waitForCrds(plan: LabPlan): Promise<void> {
  const names = ['egresspools', 'egressaddresses', 'egressgateways'].map((name) => `crd/${name}.sluice.dev`);
  await kubectl(plan, ['wait', '--for=condition=Established', '--timeout=60s', ...names]);
}

interface Rollout {
  readonly status?: {
    readonly desiredNumberScheduled?: number;
    readonly numberReady?: number;
    readonly updatedNumberScheduled?: number;
    readonly readyReplicas?: number;
    readonly updatedReplicas?: number;
    readonly observedGeneration?: number;
  };
  readonly spec: { readonly replicas?: number };
  readonly metadata: { readonly generation?: number };
}

async function isReady(plan: LabPlan, { kind, name }: Workload): Promise<boolean> {
  const {
    status = {},
    spec,
    metadata,
  } = await kubectlJson<Rollout>(plan, ['get', '-n', namespace, kind, name]);
  if (status.observedGeneration !== metadata.generation) return false;
  if (kind === 'Deployment')
    return status.readyReplicas === spec.replicas && status.updatedReplicas === spec.replicas;
  const { desiredNumberScheduled = 0, numberReady, updatedNumberScheduled } = status;
  const updated = name === 'sluice-ovs' || updatedNumberScheduled === desiredNumberScheduled;
  return desiredNumberScheduled > 0 && numberReady === desiredNumberScheduled && updated;
}

/** `changed` are the names of images that nodes have got anew. */
export async function installSluice(
  plan: LabPlan,
  changed: readonly string[],
  progress: Progress,
): Promise<void> {
  await progress.step('manifest', async () => {
    const objects = manifest(plan);
    const crds = objects.filter((object) => (object as Manifest).kind === 'CustomResourceDefinition');
    await apply(plan, crds);
    await waitForCrds(plan);
    await apply(plan, objects);
    await apply(plan, [pool]);
  });
  const renewed = workloads.filter(({ image }) =>
    changed.includes(`docker.io/library/${image}:${productVersion}`),
  );
  await restart(plan, renewed);
  await progress.step('Sluice', () => allReady(plan));
}

/** Until the next `lab up`. */
export async function changeSettings(
  plan: LabPlan,
  data: Readonly<Record<string, string>>,
  progress: Progress,
): Promise<void> {
  await progress.step('Sluice with other settings', async () => {
    const patch = JSON.stringify({ data });
    await kubectl(plan, ['patch', '-n', namespace, 'configmap', 'sluice-config', '-p', patch]);
    await restart(
      plan,
      workloads.filter(({ image }) => image === 'sluice'),
    );
    await allReady(plan);
  });
}

async function restart(plan: LabPlan, some: readonly Workload[]): Promise<void> {
  for (const { kind, name } of some)
    await kubectl(plan, ['rollout', 'restart', '-n', namespace, `${kind}/${name}`]);
}

async function allReady(plan: LabPlan): Promise<void> {
  for (const workload of workloads)
    await until(`${workload.name} to be ready`, () => isReady(plan, workload), 120_000);
}
