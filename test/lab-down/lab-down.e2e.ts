/** `lab down` leaves nothing behind: not after an ordinary life, and not after a kill −9 in the middle of coming up. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { afterAll, describe, expect, it } from '@jest/globals';

const lab = (...args: readonly string[]): string =>
  execFileSync('npm', ['run', '--silent', 'lab', '--', ...args], { encoding: 'utf8' });

const lines = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');

/** Programs that only a lab starts, by the name of their executable. */
const programs =
  /(^|\/)(etcd|kube-[a-z-]+|kubelet|containerd(-shim[a-z0-9-]*)?|coredns|redis-server|ovs-vswitchd|ovsdb-server|agnhost|traffic|pause)$/;

const directory = '/var/lib/sluice-lab/lab';

/** Started by this lab, at work in it, or in a container of one of its nodes: specs and other labs run such programs, too. */
function isOfLab(pid: string): boolean {
  const owner = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  const cgroup = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
  return (
    owner.includes(`SLUICE_LAB_DIRECTORY=${directory}`) ||
    readlinkSync(`/proc/${pid}/cwd`).startsWith(`${directory}/`) ||
    /\/sluice-(worker|gateway)-\d/.test(cgroup)
  );
}

function processes(): readonly string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => {
      try {
        // A program that gives itself a title has spaces where arguments were.
        const [program = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split(/[\0 ]/);
        return programs.test(program) && isOfLab(pid) ? [`${pid} ${program}`] : [];
      } catch {
        return []; // it ended while we looked
      }
    })
    .toSorted();
}

function cgroups(root = '/sys/fs/cgroup'): readonly string[] {
  const found = execFileSync('find', [root, '-type', 'd'], { encoding: 'utf8' });
  return lines(found).toSorted();
}

/** Everything that a lab makes on a machine. */
function machine(): Readonly<Record<string, readonly string[]>> {
  return {
    namespaces: lines(execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })),
    links: lines(execFileSync('ip', ['-br', 'link'], { encoding: 'utf8' })).map(
      (line) => line.split(/\s/)[0] ?? '',
    ),
    rules: lines(execFileSync('ip', ['rule'], { encoding: 'utf8' })),
    nft: lines(execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' })),
    mounts: lines(readFileSync('/proc/self/mounts', 'utf8')).toSorted(),
    cgroups: cgroups(),
    processes: processes(),
  };
}

afterAll(() => {
  lab('down');
});

describe('lab down', () => {
  it('removes every namespace, link, mount, cgroup, process and nft table of a running lab', () => {
    lab('down');
    const before = machine();
    lab('up');
    const running = machine();
    lab('down');
    const left = machine();
    expect(running.namespaces?.length).toBeGreaterThan(left.namespaces?.length ?? 0);
    for (const [kind, entries] of Object.entries(left)) {
      const known = new Set(before[kind]);
      expect({ kind, left: entries.filter((entry) => !known.has(entry)) }).toEqual({ kind, left: [] });
    }
  });

  it('does so after kill −9 of a lab that was coming up', async () => {
    const before = machine();
    const child = spawn(process.execPath, ['dist/lab/src/cli.js', 'up'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.resume();
    while (processes().length <= (before.processes?.length ?? 0) + 3 && child.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
    lab('down');
    expect(machine()).toEqual(before);
  });

  it('is content when there is nothing to take down', () => {
    const before = machine();
    lab('down');
    expect(machine()).toEqual(before);
  });
});
