/**
 * From the write of the annotation to the first packet outside that has the address which it asked for. Each run has a
 * fresh namespace with a running Pod that sends a new connection every few milliseconds.
 */
import { join } from 'node:path';
import { type KubeClient, egressAddresses, KubeRefusedError, namespaces, pods } from '@sluice/kube';
import { monotonicSeconds } from '../harness/measure.js';
import { Companion } from '../lab/companion.js';
import { type LabFacts } from '../lab/lab.js';
import { podProcesses } from '@sluice/lab';
import { until } from '../lab/until.js';

const everyMs = 2;
const port = 9999;
const podName = 'client';
const waitMs = 30_000;

const script = (name: string, ...args: readonly string[]): readonly string[] => [
  process.execPath,
  join(import.meta.dirname, name),
  ...args,
];

export interface AnnotationRun {
  readonly client: KubeClient;
  readonly lab: LabFacts;
  readonly run: number;
}

const namespaceName = (run: number): string => `bench-path-${run}`;

/** The IPv4 range of the lab's pool. */
const addresses = Array.from({ length: 32 }, (_, index) => `198.18.0.${96 + index}`);

const manifest = (namespace: string, node: string) => ({
  metadata: { namespace, name: podName },
  spec: {
    nodeName: node,
    terminationGracePeriodSeconds: 0,
    restartPolicy: 'Never',
    containers: [
      {
        name: podName,
        image: 'docker.io/library/sluice-lab-client:latest',
        imagePullPolicy: 'Never',
        command: ['traffic', 'serve'],
      },
    ],
  },
});

/** The path of its network namespace, once it runs. */
async function startPod(client: KubeClient, namespace: string, node: string): Promise<string> {
  await client.create(namespaces, { metadata: { name: namespace } });
  await until('the Pod to be accepted', async () => {
    try {
      return await client.create(pods, manifest(namespace, node));
    } catch (error) {
      // The controller-manager makes the ServiceAccount a moment after the namespace.
      if (error instanceof KubeRefusedError && error.status === 403) return undefined;
      throw error;
    }
  });
  return until('the Pod to run', async () => {
    const { uid } = (await client.get(pods, { namespace, name: podName })).metadata;
    const [process] = podProcesses(uid ?? '-').filter(({ command }) => command[0]?.endsWith('traffic'));
    return process === undefined ? undefined : `/proc/${process.pid}/ns/net`;
  });
}

interface Route {
  readonly worker: string;
  /** Name of the network namespace of the server. */
  readonly outside: string;
  readonly target: string;
}

function routeOf({ nodes, outside }: LabFacts, run: number): Route {
  const [server] = outside;
  const workers = nodes.filter(({ role }) => role === 'worker');
  const worker = workers[run % workers.length];
  const target = server?.addresses.find((address) => !address.includes(':'));
  if (server === undefined || worker === undefined || target === undefined)
    throw new Error('the lab has no worker, or no outside host with an IPv4 address');
  return { worker: worker.name, outside: server.namespace, target };
}

/** Milliseconds. */
export async function annotationToPacketMs({ client, lab, run }: AnnotationRun): Promise<number> {
  const namespace = namespaceName(run);
  const { worker, outside, target } = routeOf(lab, run);
  try {
    const netns = await startPod(client, namespace, worker);
    const address = await freeAddress(client, run);
    const receiver = new Companion(`/run/netns/${outside}`, ...script('receiver.js', String(port), 'udp4'));
    const probe = new Companion(netns, ...script('probe.js', target, String(port), String(everyMs)));
    try {
      await receiver.line((line) => line !== '', waitMs); // the probe arrives, with another address
      const metadata = { annotations: { 'sluice.dev/egress': address } };
      const writtenAt = monotonicSeconds();
      await client.patch(namespaces, { name: namespace }, { metadata });
      const line = await receiver.line((text) => text.includes(`"${address}"`), waitMs);
      const { atSeconds } = JSON.parse(line) as { readonly atSeconds: number };
      return (atSeconds - writtenAt) * 1000;
    } finally {
      await Promise.all([probe.stop(), receiver.stop()]);
    }
  } finally {
    await client.delete(namespaces, { name: namespace });
  }
}

/** Another one for each run: an address is free again only when its last namespace is gone. */
function freeAddress(client: KubeClient, run: number): Promise<string> {
  return until('a free address', async () => {
    const taken = new Set((await client.listAll(egressAddresses)).flatMap(({ spec }) => spec.addresses));
    const turn = run % addresses.length;
    return [...addresses.slice(turn), ...addresses.slice(0, turn)].find((address) => !taken.has(address));
  });
}

/** Until nothing of the first `runs` runs is left. */
export async function namespacesGone(client: KubeClient, runs: number): Promise<void> {
  for (let run = 0; run < runs; run++) {
    await until(`namespace ${namespaceName(run)} to be gone`, async () => {
      return (await client.find(namespaces, { name: namespaceName(run) })) === undefined || undefined;
    });
  }
}
