/** The processes of Sluice in the lab: found by their Pods, killed from inside their containers. */
import { statusPorts } from '@sluice/lab';
import { eventually, kubectl, kubectlJson } from './lab.js';
import { inPod, type PodRef } from './workloads.js';

export type Component = 'controller' | 'agent' | 'gateway' | 'ovs';

const namespace = 'sluice-system';

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly nodeName?: string };
  }[];
}

/** The Pod of a component, on a node where it is one by node. */
export async function componentPod(component: Component, node?: string): Promise<PodRef> {
  const selector = `app.kubernetes.io/component=${component}`;
  const { items } = await kubectlJson<PodList>('get', 'pods', '-n', namespace, '-l', selector);
  const pod = items.find(({ spec }) => node === undefined || spec.nodeName === node);
  if (pod === undefined) throw new Error(`no Pod of ${component} on ${node ?? 'any node'}`);
  return { namespace, name: pod.metadata.name };
}

/** Prints the ids of processes whose command line starts with a pattern, but for process 1 and the shell itself. */
const find = (pattern: string): string =>
  `for p in /proc/[0-9]*; do i=\${p#/proc/}; [ $i = 1 ] || [ $i = $$ ] || case "$(tr '\\0' ' ' <$p/cmdline 2>/dev/null)" in ${pattern}) echo $i;; esac; done`;

const patterns: Readonly<Record<Component, string>> = {
  controller: '*/opt/sluice/controller.mjs*',
  agent: '*/opt/sluice/agent.mjs*',
  gateway: '*/opt/sluice/gateway.mjs*',
  ovs: 'ovs-vswitchd*|*/ovs-vswitchd*',
};

/** Process ids of a component inside its container. */
export async function processIds(component: Component, node?: string): Promise<readonly string[]> {
  const pod = await componentPod(component, node);
  const out = await inPod(pod, 'sh', '-c', find(patterns[component]));
  return out.split('\n').filter((line) => line !== '');
}

/** kill −9, and waits until the supervisor has started it again. */
export async function crash(component: Component, node?: string): Promise<void> {
  const before = await processIds(component, node);
  if (before.length === 0) throw new Error(`${component} does not run on ${node ?? 'any node'}`);
  const pod = await componentPod(component, node);
  await inPod(pod, 'sh', '-c', `kill -9 ${before.join(' ')}`);
  await eventually(`${component} to run again`, async () => {
    const now = await processIds(component, node);
    return now.length > 0 && now.every((id) => !before.includes(id));
  });
}

const workloads: Readonly<Record<Component, string>> = {
  controller: 'deployment/sluice-controller',
  agent: 'daemonset/sluice-agent',
  gateway: 'daemonset/sluice-gateway',
  ovs: 'daemonset/sluice-ovs',
};

/** Replaces the Pods of a component one after the other, as an upgrade does, and waits for the last one. */
export async function restart(component: Component): Promise<void> {
  await kubectl('rollout', 'restart', '-n', namespace, workloads[component]);
  await kubectl('rollout', 'status', '-n', namespace, workloads[component], '--timeout=180s');
}

/** Waits until the component says that it is ready on its own. */
export async function ready(component: Component, node?: string): Promise<void> {
  const pod = await componentPod(component, node);
  await kubectl('wait', '-n', namespace, `pod/${pod.name}`, '--for=condition=Ready', '--timeout=120s');
}

const ports: Readonly<Partial<Record<Component, number>>> = statusPorts;

/** A metric of a component by name and labels, as `/metrics` prints it; undefined if it is not there. */
export async function metric(component: Component, name: string, node?: string): Promise<number | undefined> {
  const pod = await componentPod(component, node);
  const script = `fetch('http://127.0.0.1:${ports[component] ?? 0}/metrics').then(r => r.text()).then(t => console.log(t))`;
  const lines = (await inPod(pod, 'node', '-e', script)).split('\n');
  const values = lines.filter((line) => line.startsWith(name) && !line.startsWith('#'));
  if (values.length === 0) return undefined;
  return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
