/** Processes of a Pod as the machine sees them: every process of a lab is one of this machine. */
import { readdirSync, readFileSync } from 'node:fs';

export interface PodProcess {
  readonly pid: number;
  readonly command: readonly string[];
}

/** undefined: the process ended meanwhile. */
function read(pid: string, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}

/** The kubelet puts the Pod's uid into the name of its cgroup, with dashes (cgroupfs) or underscores (systemd). */
const inPod = (cgroup: string, uid: string): boolean => cgroup.replaceAll('_', '-').includes(uid);

export function podProcesses(uid: string): readonly PodProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => inPod(read(pid, 'cgroup') ?? '', uid))
    .map((pid) => ({ pid: Number(pid), command: (read(pid, 'cmdline') ?? '').split('\0') }));
}

/** The path of a Pod's network namespace. Throws while nothing of the Pod runs. */
export function podNetwork(uid: string): string {
  const [process] = podProcesses(uid);
  if (process === undefined) throw new Error(`no process of the Pod ${uid} runs`);
  return `/proc/${process.pid}/ns/net`;
}

/** Resident memory in MB (10^6 bytes); proc(5). Throws if the process ended. */
export function residentMb(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(read(String(pid), 'status') ?? '') ?? [];
  if (kib === undefined) throw new Error(`process ${pid} has ended`);
  return (Number(kib) * 1024) / 1e6;
}
