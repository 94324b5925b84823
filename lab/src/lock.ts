/** One command at a time: a file that names the process which holds it, and is void when that process is gone. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { until } from './command.js';
import { startTime } from './processes.js';

interface Holder {
  readonly pid: number;
  readonly startTime: string | undefined;
}

function holderOf(file: string): Holder | undefined {
  try {
    const holder = JSON.parse(readFileSync(file, 'utf8')) as Holder;
    return startTime(holder.pid) === holder.startTime ? holder : undefined;
  } catch {
    return undefined; // no file, or killed while writing it
  }
}

function tryLock(file: string): boolean {
  if (holderOf(file) === undefined) rmSync(file, { force: true });
  try {
    writeFileSync(file, JSON.stringify({ pid: process.pid, startTime: startTime(process.pid) }), {
      flag: 'wx',
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Does `work` while holding the lock; waits for another holder at most `patienceMs`. */
export async function locked<T>(file: string, work: () => Promise<T>, patienceMs = 600_000): Promise<T> {
  mkdirSync(dirname(file), { recursive: true });
  if (!tryLock(file)) {
    console.error(`… waiting for process ${holderOf(file)?.pid ?? '?'}, which holds ${file}`);
    await until(`${file} to be free`, () => tryLock(file), patienceMs);
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}
