/** The machine's processes as /proc shows them (proc(5)); whatever ended while we looked is left out. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Text of a file that goes away with its process. */
export function readOr(path: string, missing: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return missing;
  }
}

/** `net:[INODE]`; empty if the process is gone. */
export function networkOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return '';
  }
}

export const commandOf = (pid: number): readonly string[] =>
  readOr(`/proc/${pid}/cmdline`, '')
    .split('\0')
    .filter((word) => word !== '');

const statusOf = (pid: number, field: string): string =>
  new RegExp(`^${field}:\\s+(\\S+)`, 'm').exec(readOr(`/proc/${pid}/status`, ''))?.[1] ?? '';

/** 0 if the process is gone. */
export const parentOf = (pid: number): number => Number(statusOf(pid, 'PPid'));
export const isStopped = (pid: number): boolean => statusOf(pid, 'State') === 'T';

/** All processes but this one and zombies. */
export const processes = (): readonly number[] =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .map(Number)
    .filter((pid) => !['', 'Z', 'X'].includes(statusOf(pid, 'State')));

/** Sends a signal; a process that has ended is no error. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
