/**
 * From the write of the annotation to the first packet outside that has the address which it asked for. Each run has a
 * fresh namespace with a running Pod that sends a new connection every few milliseconds.
 */
import { join } from 'node:path';
import { type KubeClient, egressAddresses, isAlreadyExists, namespaces, pods } from '@sluice/kube';
import { monotonicSeconds } from '../harness/measure.js';
import { Companion } from '../lab/companion.js';
import { type LabFacts } from '../lab/lab.js';
import { podProcesses } from '../lab/pod-processes.js';
import { until } from '../lab/until.js';

const everyMs = 2;
const port = 9999;
const podName = 'client';
const waitMs = 30_000;

export interface AnnotationRun {
  readonly client: KubeClient;
  readonly lab: LabFacts;
  readonly run: number;
}

const namespaceName = (run: number): string => `bench-path-${run}`;

/** Of the lab's pool; another one for each run, because an address is free only when its last namespace is gone. */
const addressOf = (run: number): string => `198.18.0.${112 + (run % 16)}`;

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
  // The controller-manager makes the ServiceAccount a moment later.
  await until('the Pod to be accepted', async () => {
    try {
      return await client.create(pods, manifest(namespace, node));
    } catch (error) {
      if (isAlreadyExists(error)) throw error;
      return undefined;
    }
  });
  const uid = await until('the Pod to run', async () => {
    const { metadata, status } = await client.get(pods, { namespace, name: podName });
    return status?.phase === 'Running' ? metadata.uid : undefined;
  });
  const [process] = podProcesses(uid).filter(({ command }) => command[0]?.endsWith('traffic') === true);
  if (process === undefined) throw new Error(`Pod ${namespace}/${podName} has no process`);
  return `/proc/${process.pid}/ns/net`;
}

/** Milliseconds. */
export async function annotationToPacketMs({ client, lab, run }: AnnotationRun): Promise<number> {
  const namespace = namespaceName(run);
  const [server] = lab.outside;
  const workers = lab.nodes.filter(({ role }) => role === 'worker');
  const worker = workers[run % workers.length];
  const target = server?.addresses.find((address) => !address.includes(':'));
  if (server === undefined || worker === undefined || target === undefined)
    throw new Error('the lab has no worker or no outside host with IPv4');
  await addressFree(client, addressOf(run));
  const netns = await startPod(client, namespace, worker.name);
  const script = (name: string): string => join(import.meta.dirname, name);
  const receiver = new Companion(
    `/run/netns/${server.namespace}`,
    script('receiver.js'),
    String(port),
    'udp4',
  );
  const probe = new Companion(netns, script('probe.js'), target, String(port), String(everyMs));
  try {
    await receiver.line((line) => line !== '', waitMs); // the probe arrives, with another address
    const annotations = { 'sluice.dev/egress': addressOf(run) };
    const writtenAt = monotonicSeconds();
    await client.patch(namespaces, { name: namespace }, { metadata: { annotations } });
    const line = await receiver.line((text) => text.includes(`"${addressOf(run)}"`), waitMs);
    const { atSeconds } = JSON.parse(line) as { readonly atSeconds: number };
    return (atSeconds - writtenAt) * 1000;
  } finally {
    await Promise.all([probe.stop(), receiver.stop()]);
    await client.delete(namespaces, { name: namespace });
  }
}

async function addressFree(client: KubeClient, address: string): Promise<void> {
  await until(`address ${address} to be free`, async () => {
    const taken = (await client.listAll(egressAddresses)).some(({ spec }) =>
      spec.addresses.some((one) => one === address),
    );
    return taken ? undefined : true;
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
