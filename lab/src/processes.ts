/**
 * Long-running programs of the lab: started detached, remembered by pid and start time, so that a reused pid is never
 * taken for ours. A record is written before anybody can rely on the process, and outlives a crash of the lab's command.
 */
import { spawn } from 'node:child_process';
import {
  mkdirSync,
  openSync,
  closeSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
  existsSync,
} from 'node:fs';
import { join } from 'node:path';
import { until } from './command.js';

/** In the environment of every process that a lab starts, and of its children: whose it is. */
export const ownerVariable = 'SLUICE_LAB_DIRECTORY';

export interface Program {
  /** Unique in the lab; names the record and the log. */
  readonly name: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

interface ProcessRecord {
  readonly pid: number;
  readonly startTime: string;
  readonly command: readonly string[];
}

const recordDirectory = (directory: string): string => join(directory, 'processes');
const recordFile = (directory: string, name: string): string =>
  join(recordDirectory(directory), `${name}.json`);
export const logFile = (directory: string, name: string): string => join(directory, 'logs', `${name}.log`);

/** Clock ticks since boot at which a process started (proc(5), field 22); undefined if it is gone or a zombie. */
export function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function readRecord(directory: string, name: string): ProcessRecord | undefined {
  try {
    return JSON.parse(readFileSync(recordFile(directory, name), 'utf8')) as ProcessRecord;
  } catch {
    return undefined; // never started, or killed in the middle of writing: then the process is found by its namespace
  }
}

/** The pid of a program of ours that runs. */
export function runningPid(directory: string, name: string): number | undefined {
  const record = readRecord(directory, name);
  if (record === undefined || startTime(record.pid) !== record.startTime) return undefined;
  return record.pid;
}

/** Starts a program unless it runs already. Its output goes to its log. */
export function ensureRunning(directory: string, program: Program): number {
  const running = runningPid(directory, program.name);
  if (running !== undefined) return running;
  mkdirSync(recordDirectory(directory), { recursive: true });
  mkdirSync(join(directory, 'logs'), { recursive: true });
  const log = openSync(logFile(directory, program.name), 'a');
  const [file = '', ...args] = program.command;
  const child = spawn(file, args, {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...program.environment, [ownerVariable]: directory },
  });
  closeSync(log);
  child.on('error', (error) =>
    writeFileSync(logFile(directory, program.name), `${error.message}\n`, { flag: 'a' }),
  );
  if (child.pid === undefined) throw new Error(`${program.name}: ${file} could not be started`);
  child.unref();
  const record = { pid: child.pid, startTime: startTime(child.pid), command: program.command };
  writeFileSync(recordFile(directory, program.name), JSON.stringify(record));
  return child.pid;
}

/** Starts a program, and one that runs with another command again: its file was built anew. */
export async function ensureCurrent(directory: string, program: Program): Promise<number> {
  const runs = runningPid(directory, program.name) !== undefined;
  const command = readRecord(directory, program.name)?.command ?? [];
  if (runs && command.join('\0') !== program.command.join('\0')) await stop(directory, program.name);
  return ensureRunning(directory, program);
}

export function signal(directory: string, name: string, kind: NodeJS.Signals): void {
  const pid = runningPid(directory, name);
  if (pid !== undefined) process.kill(pid, kind);
}

/** Ends a program: SIGTERM, then SIGKILL after `patienceMs`. */
export async function stop(directory: string, name: string, patienceMs = 5_000): Promise<void> {
  const gone = () => runningPid(directory, name) === undefined;
  signal(directory, name, 'SIGCONT');
  signal(directory, name, 'SIGTERM');
  await until(`${name} to end`, gone, patienceMs).catch(() => signal(directory, name, 'SIGKILL'));
  await until(`${name} to be killed`, gone);
  rmSync(recordFile(directory, name), { force: true });
}

/** Names of all programs that this lab ever recorded. */
export function recorded(directory: string): readonly string[] {
  if (!existsSync(recordDirectory(directory))) return [];
  return readdirSync(recordDirectory(directory)).map((file) => file.replace(/\.json$/, ''));
}

/** Last lines of a program's log, for an error message. */
export function logTail(directory: string, name: string, lines = 15): string {
  try {
    return readFileSync(logFile(directory, name), 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '(no log)';
  }
}

/** Fails with the log of the first of these programs that does not run. */
export function failIfEnded(directory: string, ...names: readonly string[]): void {
  const ended = names.find((name) => runningPid(directory, name) === undefined);
  if (ended !== undefined) throw new Error(`${ended} ended; its log:\n${logTail(directory, ended)}`);
}
