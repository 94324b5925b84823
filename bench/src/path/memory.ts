/** Resident memory of Sluice's processes in the lab, one sample for each process. */
import { type KubeClient, pods } from '@sluice/kube';
import { type Measurement } from '../harness/row.js';
import { podProcesses, residentMb } from '@sluice/lab';

const components = ['agent', 'gateway', 'controller'] as const;
type Component = (typeof components)[number];

async function residentOf(client: KubeClient, component: Component): Promise<readonly number[]> {
  const found = await client.listAll(pods, {
    namespace: 'sluice-system',
    labelSelector: `app.kubernetes.io/component=${component}`,
  });
  return found
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .flatMap(({ metadata: { uid } }) => (uid === undefined ? [] : podProcesses(uid)))
    .filter(({ command }) => command[0]?.endsWith('/node') === true)
    .map(({ pid }) => residentMb(pid));
}

export async function memoryRows(client: KubeClient): Promise<readonly Measurement[]> {
  const rows: Measurement[] = [];
  for (const component of components) {
    const samples = await residentOf(client, component);
    const goal = component === 'agent' ? { goal: { atMost: 120 } } : {};
    rows.push({ id: `rss_${component}_mb`, unit: 'MB', samples, ...goal });
  }
  return rows;
}
