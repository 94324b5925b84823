/** `lab up`: every part by a condition, so that a running lab is checked and repaired in seconds. */
import { apply, kubectlJson, readyNodes } from './kubectl.js';
import { ensureCertificates } from './certificates.js';
import { clusterObjects } from './cluster-objects.js';
import { until } from './command.js';
import { ensureControlPlane } from './control-plane.js';
import { takeDown } from './down.js';
import { ensureTemplate, updateImages } from './image-store.js';
import { ensureImages, type Image } from './images.js';
import { ensureManagementBridge, ensureNetworks } from './networks.js';
import { containerdSocket, ensureKubelet, ensureNodeRuntime, nodePrograms } from './node.js';
import { ensureMountDirectory, onMachine } from './node-filesystem.js';
import { ensureOutside, ensureRedis } from './outside.js';
import { planLab, type LabPlan, type LabSize } from './plan.js';
import { failIfEnded, ownerVariable } from './processes.js';
import { ensurePackages, ensurePrograms } from './programs.js';
import { type Progress } from './progress.js';
import { isFromEarlierBoot, readState, writeState } from './state.js';

const defaults = { workers: 2, gateways: 2, families: 'dual' } as const;

/** What the user asked for over what the lab has; a lab grows but does not shrink or change its families. */
export function resolveSize(name: string, asked: Partial<LabSize>): LabSize {
  const current = readState(name)?.size;
  const size = { ...defaults, ...current, ...asked, name };
  if (current === undefined) return size;
  const shrinks = size.workers < current.workers || size.gateways < current.gateways;
  if (shrinks || size.families !== current.families) {
    throw new RangeError(
      `lab "${name}" runs with ${current.workers} workers, ${current.gateways} gateways, ${current.families}: it can only grow; "lab down" first`,
    );
  }
  return size;
}

async function ensureNodeObjects(plan: LabPlan): Promise<void> {
  const { items } = await kubectlJson<{ items: readonly { metadata: { name: string } }[] }>(plan, [
    'get',
    'nodes',
  ]);
  const known = new Set(items.map(({ metadata }) => metadata.name));
  await apply(
    plan,
    clusterObjects(
      plan,
      plan.nodes.filter(({ name }) => !known.has(name)),
    ),
  );
}

/** Until these nodes are Ready; fails when one of their programs ends. */
export async function waitForNodes(plan: LabPlan, nodes = plan.nodes): Promise<void> {
  const names = nodes.map(({ name }) => name);
  await until(
    `${names.join(', ')} to be Ready`,
    async () => {
      failIfEnded(plan.directory, ...nodes.flatMap(nodePrograms));
      const ready = await readyNodes(plan);
      return names.every((name) => ready.includes(name));
    },
    180_000,
  );
}

/** Images of nodes that had a containerd root before. Resolves to the names that changed anywhere. */
export async function updateNodeImages(plan: LabPlan, images: readonly Image[]): Promise<readonly string[]> {
  const changed = new Set<string>();
  for (const node of plan.nodes) {
    const root = onMachine(node, '/var/lib/containerd');
    for (const name of await updateImages(root, containerdSocket(node), images)) changed.add(name);
  }
  return [...changed];
}

/** Resolves to the names of images that are new on a node. */
async function ensureNodes(plan: LabPlan, progress: Progress): Promise<readonly string[]> {
  const images = await ensureImages(progress);
  await ensureTemplate(plan, images, progress);
  return progress.step('containerd on every node', async () => {
    await ensureMountDirectory(plan);
    for (const node of plan.nodes) await ensureNodeRuntime(plan, node);
    return updateNodeImages(plan, images);
  });
}

export interface RunningLab {
  readonly plan: LabPlan;
  /** Names of images that nodes had already and got anew. */
  readonly changedImages: readonly string[];
}

/** Brings the cluster up, without Sluice. */
export async function bringClusterUp(size: LabSize, progress: Progress): Promise<RunningLab> {
  const state = readState(size.name);
  if (state !== undefined && isFromEarlierBoot(state)) await takeDown(size.name);
  const plan = planLab(size);
  process.env[ownerVariable] = plan.directory; // programs that this command runs are the lab's, should it be killed
  writeState(size);
  await ensurePackages(progress);
  await ensurePrograms(progress);
  await progress.step('certificates', () => ensureCertificates(plan));
  await ensureManagementBridge(plan);
  const [, changedImages] = await Promise.all([
    progress.step('control plane', () => ensureControlPlane(plan)),
    (async () => {
      await progress.step('networks', () => ensureNetworks(plan));
      await ensureOutside(plan);
      ensureRedis(plan);
      return ensureNodes(plan, progress);
    })(),
  ]);
  await ensureNodeObjects(plan);
  for (const node of plan.nodes) ensureKubelet(plan, node);
  await progress.step('nodes', () => waitForNodes(plan));
  return { plan, changedImages };
}
