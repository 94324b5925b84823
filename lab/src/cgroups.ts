/**
 * The cgroup of each part that is a machine of its own elsewhere: nodes, hosts outside, Redis, the control plane; in every
 * hierarchy of cgroup v1 or in the one of v2. None of them waits for what only the lab has on the same CPUs: tests, builds
 * and what measures.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = '/sys/fs/cgroup';
const unified = existsSync(join(root, 'cgroup.controllers'));

/** Share of the CPUs while all are wanted; what runs in no cgroup has 1 by process (kernel: sched-design-CFS.rst). */
const weight = 8;
/** Beside the groups of Pods: in v2 a group that has groups takes no process. */
const leaf = 'system';

/** Roots of all hierarchies. */
const hierarchies = (): readonly string[] =>
  unified
    ? [root]
    : readdirSync(root, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => join(root, name));

/** A v1 cpuset starts empty and takes no process before it has CPUs and memory nodes (kernel: cgroup-v1/cpusets.rst). */
function fillCpuset(hierarchy: string, directory: string): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if (existsSync(join(hierarchy, file)))
      writeFileSync(join(directory, file), readFileSync(join(hierarchy, file)));
  }
}

/** In v2 a group has the controllers that its parent passes on. */
function passControllersOn(hierarchy: string): void {
  const controllers = readFileSync(join(hierarchy, 'cgroup.controllers'), 'utf8').trim().split(' ');
  const change = controllers.map((controller) => `+${controller}`).join(' ');
  writeFileSync(join(hierarchy, 'cgroup.subtree_control'), change);
}

/** The file differs between v1 (1024 by default) and v2 (100). */
function weigh(directory: string): void {
  const files = { 'cpu.shares': 1024, 'cpu.weight': 100 };
  for (const [file, usual] of Object.entries(files)) {
    if (existsSync(join(directory, file))) writeFileSync(join(directory, file), String(usual * weight));
  }
}

function ensureDirectory(hierarchy: string, directory: string): void {
  if (existsSync(directory)) return;
  mkdirSync(directory);
  if (!unified) fillCpuset(hierarchy, directory);
}

export function ensureCgroup(name: string): void {
  if (unified) passControllersOn(root);
  for (const hierarchy of hierarchies()) {
    const directory = join(hierarchy, name);
    ensureDirectory(hierarchy, directory);
    weigh(directory);
    ensureDirectory(hierarchy, join(directory, leaf));
  }
}

/** A command whose processes are in a group that is there, beside those of its Pods. */
export const inCgroup = (name: string, command: readonly string[]): readonly [string, ...string[]] => {
  const files = hierarchies().map((hierarchy) => join(hierarchy, name, leaf, 'cgroup.procs'));
  return ['sh', '-c', `for file in ${files.join(' ')}; do echo $$ >$file; done; exec "$@"`, 'sh', ...command];
};

function removeTree(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(directory, entry.name));
  }
  rmdirSync(directory);
}

/** Removes the group and all below it. Throws EBUSY while a process is in one of them. */
export function removeCgroup(name: string): void {
  for (const hierarchy of hierarchies()) {
    if (existsSync(join(hierarchy, name))) removeTree(join(hierarchy, name));
  }
}

/** Names of the groups at the top that match. */
export function cgroupsNamed(pattern: RegExp): readonly string[] {
  const names = hierarchies().flatMap((hierarchy) => readdirSync(hierarchy, { withFileTypes: true }));
  return [
    ...new Set(
      names.filter((entry) => entry.isDirectory() && pattern.test(entry.name)).map(({ name }) => name),
    ),
  ];
}

/** Whether a process is in one of these groups or below, by its /proc/PID/cgroup. */
export const isInCgroup = (membership: string, pattern: RegExp): boolean =>
  membership.split('\n').some((line) => pattern.test(line.split(':').at(-1)?.split('/')[1] ?? ''));
