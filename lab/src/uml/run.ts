/**
 * Runs a command in a kernel of its own that sees the host's files. /run, /dev and /proc are its own, and temporary
 * files go to /run; everything else is the host's, also a source tree below /tmp, so what is written there stays. Its only
 * link leads to what runs beside it, and no further.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Beside } from './beside.js';

export interface UmlCommand {
  readonly kernel: string;
  readonly command: readonly string[];
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Until the kernel is killed; its command counts as failed then. */
  readonly limitMs: number;
  readonly memory?: string;
}

/** Of this process, which may not leave a kernel behind. */
const endSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** As timeout(1) and shells say it. */
const killedStatus = 137;

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** The host's files take no sockets, and go with no kernel. */
const temporary = '/run/tmp';

/** Open vSwitch 3.1 counts no cores in the first ten seconds of a kernel, and starts no handlers then. */
const firstSecond = 11;

/** What the kernel runs as its first process: mounts, the command, its status, the end. */
function initScript({ command, cwd = process.cwd(), environment = {} }: UmlCommand, status: string): string {
  const exported = {
    PATH: process.env.PATH ?? '',
    HOME: '/root',
    LANG: 'C.UTF-8',
    TERM: 'dumb',
    TMPDIR: temporary,
    ...environment,
  };
  return [
    '#!/bin/bash',
    ...Object.entries(exported).map(([name, value]) => `export ${name}=${quoted(value)}`),
    'mount -t proc proc /proc',
    'mount -t sysfs sys /sys',
    'mount -t devtmpfs dev /dev 2>/dev/null',
    'mkdir -p /dev/shm /dev/pts',
    'mount -t devpts pts /dev/pts 2>/dev/null',
    'for d in /run /dev/shm; do mount -t tmpfs tmpfs $d; done',
    `mkdir -p /run/netns /run/lock ${temporary}`,
    'ln -sfn /proc/self/fd /dev/fd',
    'ip link set lo up',
    // The kernel of the lane stops when Node uses it (7.3).
    'echo 2 >/proc/sys/kernel/io_uring_disabled',
    'ulimit -n 65536',
    `while [ "$(cut -d. -f1 /proc/uptime)" -lt ${firstSecond} ]; do sleep 0.2; done`,
    `cd ${quoted(cwd)}`,
    command.map(quoted).join(' '),
    `echo $? >${quoted(status)}`,
    'sync',
    'echo o >/proc/sysrq-trigger',
    'sleep 5',
    '',
  ].join('\n');
}

/** Resolves to the status of the command; its output goes to the terminal. */
export async function runInUml(asked: UmlCommand): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-uml-'));
  const [init, status] = ['init', 'status'].map((name) => join(directory, name));
  if (init === undefined || status === undefined) throw new TypeError('no files');
  const beside = await Beside.start();
  try {
    writeFileSync(init, initScript(asked, status), { mode: 0o755 });
    const options = [
      `mem=${asked.memory ?? '3G'}`,
      'seccomp=on',
      ...['root=/dev/root', 'rootfstype=hostfs', 'rootflags=/', 'rw'],
      `init=${init}`,
      ...['con=null', 'con0=fd:0,fd:1', 'quiet'],
    ];
    const [program = '', ...args] = beside.command(asked.kernel, options);
    // A process group of its own: the kernel's processes end with it.
    const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'], detached: true });
    const kill = (): void => killGroup(child.pid);
    const timer = setTimeout(kill, asked.limitMs);
    for (const signal of endSignals) process.on(signal, kill);
    await once(child, 'close');
    for (const signal of endSignals) process.off(signal, kill);
    clearTimeout(timer);
    kill();
    return existsSync(status) ? Number(readFileSync(status, 'utf8')) : killedStatus;
  } finally {
    await beside.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // They have ended.
  }
}
