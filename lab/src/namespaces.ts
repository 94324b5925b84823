/** Commands in a network namespace, and in a node. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.js';
import { type LabPlan, type NodePlan } from './plan.js';

export const namespaceFile = (namespace: string): string => `/run/netns/${namespace}`;

/** The file that holds a node's mount namespace. */
export const mountFile = (plan: LabPlan, node: NodePlan): string => join(plan.directory, 'mounts', node.name);

/** A command in a network namespace, all else as here. Not by `ip netns exec`: that hides the cgroups under /sys. */
export const inNamespace = (namespace: string, command: readonly string[]): readonly string[] => [
  'nsenter',
  `--net=${namespaceFile(namespace)}`,
  '--',
  ...command,
];

/** A command that sees a node's network and files. */
export const inNode = (plan: LabPlan, node: NodePlan, command: readonly string[]): readonly string[] => [
  'nsenter',
  `--net=${namespaceFile(node.namespace)}`,
  `--mount=${mountFile(plan, node)}`,
  '--wd=/',
  '--',
  ...command,
];

export const hasNamespace = (namespace: string): boolean => existsSync(namespaceFile(namespace));

/** Runs lines of ip-batch(8) in a namespace, or in the root namespace. One failing line fails all. */
export async function ipBatch(namespace: string | undefined, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  const where = namespace === undefined ? [] : ['-n', namespace];
  await run(['ip', ...where, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}
