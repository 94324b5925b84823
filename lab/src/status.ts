/** What a lab is and what runs of it, for people and for tests. */
import { outside, redisUrl } from './outside.js';
import { type LabPlan } from './plan.js';
import { recorded, runningPid } from './processes.js';
import { onMachine } from './node-filesystem.js';
import { programPath } from './programs.js';

export interface LabStatus {
  readonly kubeconfig: string;
  readonly kubectl: string;
  readonly redis: string;
  readonly nodes: readonly {
    readonly name: string;
    readonly role: string;
    readonly namespace: string;
    /** As the machine sees it. */
    readonly ovsRunDir: string;
  }[];
  readonly outside: readonly {
    readonly name: string;
    readonly namespace: string;
    readonly addresses: readonly string[];
    readonly echoUrls: readonly string[];
  }[];
  /** Programs that were started; false: they have ended since. */
  readonly programs: Readonly<Record<string, boolean>>;
}

export const labStatus = (plan: LabPlan): LabStatus => ({
  kubeconfig: plan.kubeconfig,
  kubectl: programPath('kubectl'),
  redis: redisUrl(plan),
  nodes: plan.nodes.map((node) => ({
    name: node.name,
    role: node.role,
    namespace: node.namespace,
    ovsRunDir: onMachine(node, '/run/sluice/ovs'),
  })),
  outside: outside(plan).map(({ name, namespace, addresses, echo }) => ({
    name,
    namespace,
    addresses,
    echoUrls: echo.map(({ http }) => `${http}/clientip`),
  })),
  programs: Object.fromEntries(
    recorded(plan.directory).map((name) => [name, runningPid(plan.directory, name) !== undefined]),
  ),
});

export function renderStatus(status: LabStatus): string {
  const ended = Object.entries(status.programs).filter(([, running]) => !running);
  return [
    `export KUBECONFIG=${status.kubeconfig}`,
    `kubectl: ${status.kubectl}`,
    `redis: ${status.redis}`,
    '',
    ...status.nodes.map(
      ({ name, role, namespace }) => `${name.padEnd(12)} ${role.padEnd(8)} namespace ${namespace}`,
    ),
    ...status.outside.map(({ name, addresses }) => `${name.padEnd(12)} outside  ${addresses.join(' ')}`),
    '',
    ended.length === 0
      ? 'all programs run'
      : `ended: ${ended.map(([name]) => name).join(', ')}; "lab up" starts them again`,
  ].join('\n');
}
