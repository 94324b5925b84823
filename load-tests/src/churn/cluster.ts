/** The cluster that churn changes, by kubectl: the user's own KUBECONFIG and rights, in the lab and elsewhere alike. */
import { runProgram } from '@sluice/core';
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type Lifetime } from '../affinity.js';
import { type ClusterSettings } from '../settings.js';
import { Lifetimes, templates } from './lifetimes.js';

export class ClusterError extends Error {
  override readonly name = 'ClusterError';
}

interface Deployment {
  readonly spec: {
    readonly replicas?: number;
    readonly selector: { readonly matchLabels?: Readonly<Record<string, string>> };
  };
}

/** What churn does to a cluster; tests have their own. */
export interface ChangingCluster {
  replicas(): Promise<number>;
  scale(replicas: number): Promise<void>;
  /** Without waiting for its end. */
  deletePod(): Promise<void>;
  /** Those that are ready and not draining. */
  gateways(): Promise<readonly string[]>;
  drain(gateway: string, draining: boolean): Promise<void>;
}

interface Gateways {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly draining?: boolean };
    readonly status?: { readonly state?: string };
  }[];
}

export class KubectlCluster implements ChangingCluster {
  private readonly lifetimes = new Lifetimes();
  private watch: ChildProcess | undefined;
  /** Deleted by us: a Pod is deleted once. */
  private readonly deleted = new Set<string>();

  private constructor(
    private readonly settings: ClusterSettings,
    private readonly selector: string,
  ) {}

  /** Throws ClusterError when kubectl does not work, or finds no Deployment. */
  static async open(settings: ClusterSettings): Promise<KubectlCluster> {
    const { namespace, deployment } = settings;
    try {
      const { spec } = JSON.parse(await deploymentOf(settings)) as Deployment;
      const labels = Object.entries(spec.selector.matchLabels ?? {}).map((pair) => pair.join('='));
      return new KubectlCluster(settings, labels.join(','));
    } catch (cause) {
      throw new ClusterError(
        `churn changes Deployment ${namespace}/${deployment} by kubectl, which does not work: ${(cause as Error).message}\n` +
          'set KUBECONFIG (and LOAD_KUBECTL, LOAD_NAMESPACE, LOAD_DEPLOYMENT if they have other names), or run another profile',
        { cause },
      );
    }
  }

  /** Follows the Pods from now on; resolves when those that serve are known. */
  async follow(): Promise<void> {
    const read = (line: string): void => this.lifetimes.read(line, performance.now());
    const pods = ['get', 'pods', '-n', this.settings.namespace, '-l', this.selector];
    (await kubectl(this.settings, ...pods, '-o', templates.list)).split('\n').forEach(read);
    this.lifetimes.begin();
    const watch = spawn(this.settings.kubectl, [...pods, '--watch', '-o', templates.watch], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    watch.on('error', () => undefined);
    createInterface(watch.stdout).on('line', read);
    this.watch = watch;
  }

  /** False: the watch has ended, and what came later is not known. */
  get follows(): boolean {
    return this.watch?.exitCode === null && this.watch.signalCode === null;
  }

  get lives(): ReadonlyMap<string, Lifetime> {
    return this.lifetimes.lives;
  }

  close(): void {
    this.watch?.kill();
  }

  async replicas(): Promise<number> {
    const { spec } = JSON.parse(await deploymentOf(this.settings)) as Deployment;
    return spec.replicas ?? 1;
  }

  async scale(replicas: number): Promise<void> {
    const { namespace, deployment } = this.settings;
    await kubectl(
      this.settings,
      ...['scale', '-n', namespace, `deployment/${deployment}`],
      `--replicas=${replicas}`,
    );
  }

  async deletePod(): Promise<void> {
    const name = this.lifetimes.serving().find((pod) => !this.deleted.has(pod));
    if (name === undefined) throw new ClusterError('no Pod serves that could be deleted');
    this.deleted.add(name);
    await kubectl(this.settings, 'delete', 'pod', '-n', this.settings.namespace, name, '--wait=false');
  }

  async gateways(): Promise<readonly string[]> {
    const text = await kubectl(this.settings, 'get', 'egressgateways.sluice.dev', '-o', 'json');
    return (JSON.parse(text) as Gateways).items
      .filter(({ spec, status }) => spec.draining !== true && status?.state === 'Ready')
      .map(({ metadata }) => metadata.name);
  }

  async drain(gateway: string, draining: boolean): Promise<void> {
    const patch = JSON.stringify({ spec: { draining } });
    await kubectl(this.settings, 'patch', 'egressgateways.sluice.dev', gateway, '--type=merge', '-p', patch);
  }
}

async function kubectl({ kubectl: program }: ClusterSettings, ...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await runProgram({ command: [program, ...args] });
  if (status === 0) return stdout;
  // What comes before the last line are its tries.
  throw new ClusterError(`kubectl ${args.slice(0, 2).join(' ')}: ${stderr.trim().split('\n').at(-1) ?? ''}`);
}

const deploymentOf = (settings: ClusterSettings): Promise<string> =>
  kubectl(settings, 'get', 'deployment', '-n', settings.namespace, settings.deployment, '-o', 'json');
