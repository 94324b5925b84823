/**
 * `lab down`: finds by names and memberships, not by memory, so that it works after any crash: processes by their
 * environment, network namespace and cgroup, everything else by its name.
 */
import { readdirSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupsNamed, isInCgroup, removeCgroup } from './cgroups.js';
import { attempt, run, until } from './command.js';
import { hasNamespace, namespaceFile } from './namespaces.js';
import { mountPoints } from './node-filesystem.js';
import { defaultStateRoot, labIndex, prefixOf } from './plan.js';
import { networkOf, processes, readOr, send } from './process-table.js';
import { ownerVariable } from './processes.js';
import { outsideServers, testerName } from './topology.js';

const others = [
  'switch',
  'router',
  'redis',
  'control-plane',
  testerName,
  ...outsideServers.map(({ name }) => name),
].join('|');

/** Names of namespaces and cgroups of one lab: another lab's name never matches. */
const ownNames = (lab: string): RegExp => new RegExp(`^${prefixOf(lab)}-((worker|gateway)-\\d+|${others})$`);

const namespaces = (lab: string): readonly string[] => {
  try {
    return readdirSync('/run/netns').filter((name) => ownNames(lab).test(name));
  } catch {
    return []; // nobody ever made a named namespace
  }
};

/** Processes of a lab, wherever they came from. */
function members(lab: string): readonly number[] {
  const directory = join(defaultStateRoot, lab);
  const networks = new Set(namespaces(lab).map((name) => `net:[${statSync(namespaceFile(name)).ino}]`));
  return processes().filter(
    (pid) =>
      readOr(`/proc/${pid}/environ`, '').split('\0').includes(`${ownerVariable}=${directory}`) ||
      networks.has(networkOf(pid)) ||
      isInCgroup(readOr(`/proc/${pid}/cgroup`, ''), ownNames(lab)),
  );
}

/** Again and again until none is left, since a process may start another one while we look. */
async function killAll(lab: string): Promise<void> {
  await until('all processes of the lab to end', () => {
    const left = members(lab);
    left.forEach((pid) => send(pid, 'SIGKILL'));
    return left.length === 0;
  });
}

async function removeLinks(lab: string): Promise<void> {
  const bridge = `sl${labIndex(lab)}`;
  const links = JSON.parse((await run(['ip', '-json', 'link', 'show'])) || '[]') as { ifname: string }[];
  const own = links
    .map(({ ifname }) => ifname)
    .filter((name) => name === bridge || name.startsWith(`${bridge}-`));
  for (const name of own) await attempt(['ip', 'link', 'del', name]); // a port goes with its peer's namespace
}

async function removeNamespaces(lab: string): Promise<void> {
  for (const name of namespaces(lab)) {
    // what is left of `ip netns add` that was killed is a plain file
    if ((await attempt(['ip', 'netns', 'del', name])) === undefined)
      rmSync(namespaceFile(name), { force: true });
    if (hasNamespace(name)) throw new Error(`network namespace ${name} cannot be removed`);
  }
}

async function unmount(directory: string): Promise<void> {
  const inside = mountPoints().filter((point) => point === directory || point.startsWith(`${directory}/`));
  for (const point of inside.reverse()) await run(['umount', '-l', point]);
}

async function removeCgroups(lab: string): Promise<void> {
  for (const name of cgroupsNamed(ownNames(lab))) {
    await until(`cgroup ${name} to be empty`, () => {
      try {
        removeCgroup(name);
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EBUSY') return false;
        throw error;
      }
    });
  }
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // another lab is in it, or it is gone
  }
}

/** Removes everything that the lab made on this machine, but for the caches. */
export async function takeDown(lab: string): Promise<void> {
  const directory = join(defaultStateRoot, lab);
  await killAll(lab);
  await removeLinks(lab);
  await removeNamespaces(lab);
  await unmount(directory);
  await removeCgroups(lab);
  // What a process wrote while it ended may come between.
  rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  removeIfEmpty(defaultStateRoot);
}
