/**
 * A node's own view of the machine's files: a mount namespace in which /run and /var are the node's directories, /etc is
 * the machine's with the node's changes on top, and /sys shows the node's network. Everything else is the machine's. So
 * manifests and programs need no special paths. Propagation to the machine is off; inside it is on, as kubelets need it.
 */
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { attempt, run } from './command.js';
import { inNamespace, mountFile } from './namespaces.js';
import { type LabPlan, type NodePlan } from './plan.js';

/** Where a node finds its kubeconfig, configuration and programs. */
export const nodeFiles = '/var/lib/lab-node';

/** The machine's path of something that a node sees under /run, /var or (as a change of its own) /etc. */
export const onMachine = (node: NodePlan, path: `/${'run' | 'var' | 'etc'}/${string}`): string =>
  join(node.directory, path);

/** /var comes last: it hides the directory that everything else is taken from. */
const mountScript = `
set -eu
node=$1 programs=$2 files=$3
mount --bind "$programs" "$node$files/bin"
mkdir -p "$node/etc-work"
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$node/etc,workdir=$node/etc-work" /etc
mount --rbind /sys/fs/cgroup "$node/cgroup"
mount -t sysfs sysfs /sys
mount --rbind "$node/cgroup" /sys/fs/cgroup
mount --bind "$node/run" /run
mount --rbind "$node/var" /var
mount --make-rshared /
touch /run/mounted
`;

/** Mount points as the kernel lists them (proc_pid_mountinfo(5), field 5), in mount order. */
export function mountPoints(): readonly string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').trimEnd().split('\n');
  return lines.map((line) => (line.split(' ')[4] ?? '').replaceAll('\\040', ' '));
}

/**
 * The directory of the files that hold mount namespaces. The kernel refuses to bind one below a shared mount, so the
 * directory is a private mount of its own.
 */
export async function ensureMountDirectory(plan: LabPlan): Promise<void> {
  const directory = join(plan.directory, 'mounts');
  mkdirSync(directory, { recursive: true });
  if (!mountPoints().includes(directory)) await run(['mount', '--bind', directory, directory]);
  await run(['mount', '--make-private', directory]);
}

function makeDirectories(node: NodePlan): void {
  const directories = [
    'run/lock',
    'run/netns',
    'var/lib/kubelet',
    'var/log/pods',
    'var/tmp',
    'etc',
    'cgroup',
  ];
  for (const path of [...directories, `${nodeFiles}/bin`])
    mkdirSync(join(node.directory, path), { recursive: true });
  for (const [link, target] of Object.entries({ 'var/run': '/run', 'var/lock': '/run/lock' })) {
    rmSync(join(node.directory, link), { force: true });
    symlinkSync(target, join(node.directory, link));
  }
}

export const isMounted = (plan: LabPlan, node: NodePlan): boolean =>
  mountPoints().includes(mountFile(plan, node)) && existsSync(onMachine(node, '/run/mounted'));

/** Makes the mount namespace of a node. Whatever a crash left half-made is made anew. */
export async function ensureNodeFilesystem(plan: LabPlan, node: NodePlan, programs: string): Promise<void> {
  if (isMounted(plan, node)) return;
  makeDirectories(node);
  const file = mountFile(plan, node);
  await attempt(['umount', '-l', file]);
  rmSync(onMachine(node, '/run/mounted'), { force: true });
  closeSync(openSync(file, 'a'));
  const script = ['sh', '-c', mountScript, 'sh', node.directory, programs, nodeFiles];
  await run(inNamespace(node.namespace, ['unshare', `--mount=${file}`, '--propagation=private', ...script]));
}
