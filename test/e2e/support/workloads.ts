/** Namespaces and Pods of the tests, and the traffic that they send. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { type Readable, type Writable } from 'node:stream';
import { apply, eventually, kubectl, kubectlJson, labStatus } from './lab.js';

export interface Report {
  readonly sent: number;
  readonly answered: number;
  readonly lost: number;
  readonly longestGapMs: number;
  readonly seen: Readonly<Record<string, number>>;
  readonly errors: Readonly<Record<string, number>>;
}

export interface PodRef {
  readonly namespace: string;
  readonly name: string;
}

/** Creates a namespace; `egress` is the annotation. */
export async function createNamespace(name: string, egress?: string): Promise<void> {
  const annotations = egress === undefined ? {} : { 'sluice.dev/egress': egress };
  await apply(JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, annotations } }));
}

export async function annotate(namespace: string, egress: string | undefined): Promise<void> {
  const change = egress === undefined ? 'sluice.dev/egress-' : `sluice.dev/egress=${egress}`;
  await kubectl('annotate', '--overwrite', 'namespace', namespace, change);
}

export async function deleteNamespace(name: string): Promise<void> {
  await kubectl('delete', 'namespace', name, '--ignore-not-found', '--wait=true');
}

export interface PodOptions {
  readonly node?: string;
  readonly command?: readonly string[];
  readonly hostNetwork?: boolean;
}

/** Creates a Pod with the lab's traffic image, without waiting. */
export async function createPod({ namespace, name }: PodRef, options: PodOptions = {}): Promise<void> {
  await apply(
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace, name, labels: { app: name } },
      spec: {
        ...(options.node === undefined ? {} : { nodeName: options.node }),
        hostNetwork: options.hostNetwork ?? false,
        terminationGracePeriodSeconds: 0,
        restartPolicy: 'Never',
        containers: [
          {
            name: 'traffic',
            image: 'docker.io/library/sluice-lab-client:latest',
            imagePullPolicy: 'Never',
            command: options.command ?? ['traffic', 'serve'],
          },
        ],
      },
    }),
  );
}

/** Creates a Pod and waits until it runs. */
export async function runPod(pod: PodRef, options: PodOptions = {}): Promise<PodRef> {
  await createPod(pod, options);
  await kubectl('wait', '-n', pod.namespace, `pod/${pod.name}`, '--for=condition=Ready', '--timeout=120s');
  return pod;
}

export async function podAddresses({ namespace, name }: PodRef): Promise<readonly string[]> {
  const pod = await kubectlJson<{ status: { podIPs?: { ip: string }[] } }>(
    'get',
    'pod',
    '-n',
    namespace,
    name,
  );
  return (pod.status.podIPs ?? []).map(({ ip }) => ip);
}

export const inPod = ({ namespace, name }: PodRef, ...command: readonly string[]): Promise<string> =>
  kubectl('exec', '-n', namespace, name, '--', ...command);

/** One short burst from a Pod: who answered, and which address the server saw. */
export async function burst(pod: PodRef, kind: TrafficKind, target: string): Promise<Report> {
  return JSON.parse(await inPod(pod, 'traffic', kind, target, '--every', '20ms', '--for', '200ms')) as Report;
}

/** The one address that an outside server sees of a Pod. Waits until it answers at all. */
export async function addressSeen(
  pod: PodRef,
  target: string,
  kind: 'udp' | 'connect' = 'udp',
): Promise<string> {
  return eventually(`an answer from ${target}`, async () => {
    const [seen] = Object.keys((await burst(pod, kind, target)).seen);
    return seen;
  });
}

export type TrafficKind = 'tcp' | 'udp' | 'ping' | 'connect';

export interface Stream {
  /** Stops sending, waits for what is under way, and gives the counts. */
  stop(): Promise<Report>;
}

type StreamProcess = ChildProcessByStdio<Writable, Readable, Readable>;

/** Traffic from a Pod that goes on until it is stopped; resolves when it has been started. */
export async function stream(
  pod: PodRef,
  kind: TrafficKind,
  target: string,
  every = '50ms',
): Promise<Stream> {
  const { kubeconfig, kubectl: program } = await labStatus();
  const exec = ['exec', '-i', '-n', pod.namespace, pod.name, '--'];
  const child: StreamProcess = spawn(
    program,
    ['--kubeconfig', kubeconfig, ...exec, 'traffic', kind, target, '--every', every],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on('data', (data: Buffer) => output.push(data));
  child.stderr.on('data', (data: Buffer) => errors.push(data));
  const closed = once(child, 'close');
  return {
    stop: async () => {
      child.stdin.end();
      await closed;
      const printed = Buffer.concat(output).toString();
      if (printed === '') throw new Error(`traffic ${kind} ${target}: ${Buffer.concat(errors).toString()}`);
      return JSON.parse(printed) as Report;
    },
  };
}
