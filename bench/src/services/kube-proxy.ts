/** kube-proxy on a worker of the lab, in the place of the lab's own, which is ended: two would share one kernel's tables. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { type Command, runProgram } from '@sluice/core';
import { commandOf, inCgroup, nodeOf, type LabPlan, processes, programPath, residentMb } from '@sluice/lab';
import { unixSeconds } from '../harness/measure.js';
import { type Buckets, bucketsIn } from './histogram.js';
import { doneAt, idle, metricsIn, type ServiceProxy, sumOf } from './proxy.js';

export type Mode = 'iptables' | 'nftables';

const metricsPort = 10249;
const family = 'ip_family="IPv4"';

/** Its file in the cache ends with it. */
export const kubeProxyVersion = basename(programPath('kube-proxy')).replace('kube-proxy-', '');

/** The lab's own, on every worker: each would program every Service, too. The suite's lab goes down with the suite. */
export function endKubeProxies(): void {
  for (const pid of processes())
    if (basename(commandOf(pid)[0] ?? '').startsWith('kube-proxy')) process.kill(pid, 'SIGKILL');
}

export class KubeProxy implements ServiceProxy {
  readonly name: string;
  private readonly node;
  private child: ChildProcess | undefined;

  constructor(
    private readonly plan: LabPlan,
    node: string,
    private readonly mode: Mode,
  ) {
    this.name = `kube-proxy ${mode}`;
    this.node = nodeOf(plan, node);
  }

  /** On the node's CPU time, as the gateway's Pods are. */
  private command(...args: readonly string[]): Command {
    const inNamespace = `--net=/run/netns/${this.node.namespace}`;
    const command = ['nsenter', inNamespace, programPath('kube-proxy'), `--proxy-mode=${this.mode}`, ...args];
    return inCgroup(this.node.namespace, command);
  }

  async coldSync(): Promise<number> {
    await this.remove();
    const [program, ...args] = this.command(
      `--kubeconfig=${this.plan.kubeconfig}`,
      `--hostname-override=${this.node.name}`,
      `--metrics-bind-address=127.0.0.1:${metricsPort}`,
      ...['--conntrack-max-per-core=0', '--conntrack-min=0'],
      ...['--conntrack-tcp-timeout-established=0s', '--conntrack-tcp-timeout-close-wait=0s'],
    );
    const began = unixSeconds();
    this.child = spawn(program, args, { stdio: 'ignore' });
    const done = await doneAt(`${this.name} to have programmed everything`, async () => {
      if (this.child?.exitCode !== null) throw new Error(`${this.name} ended`);
      const metrics = (await metricsIn(this.node.namespace, metricsPort)) ?? '';
      return sumOf(metrics, 'kubeproxy_sync_proxy_rules_last_timestamp_seconds', family);
    });
    return done - began;
  }

  /** nsenter becomes the program. */
  residentMb(): number {
    return residentMb(this.child?.pid ?? 0);
  }

  /** Of the proxy's rounds alone: what a change waits for the next one is not in it. */
  async changeTimes(): Promise<Buckets> {
    const metrics = (await metricsIn(this.node.namespace, metricsPort)) ?? '';
    return bucketsIn(metrics, 'kubeproxy_sync_proxy_rules_duration_seconds', [family]);
  }

  /** It gathers changes for a second. */
  idle(): Promise<void> {
    return idle(this.name, () => this.changeTimes(), 3000);
  }

  /** With all that it installed. */
  async remove(): Promise<void> {
    await this.stop();
    await runProgram({ command: this.command('--cleanup'), timeoutMs: 300_000 });
  }

  private async stop(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (child?.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}
