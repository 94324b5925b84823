/** A script of an image as a spec sees it: what it printed, which processes it has, how it ended. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Readable } from 'node:stream';

export const script = (name: string): string => join(import.meta.dirname, name);

/** Asks until the condition holds; fails after half a minute with what was waited for. */
export async function until<T>(what: string, condition: () => T | undefined): Promise<T> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const value = condition();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Field 2 of /proc/PID/stat may hold spaces and parentheses; proc(5). */
function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined; // ended meanwhile
  }
}

/** Processes whose parent is `pid`, zombies among them. */
export const childrenOf = (pid: number): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => parentOf(candidate) === pid);

export class Supervised {
  /** Of both streams. */
  readonly lines: string[] = [];
  readonly #process: ChildProcessByStdio<null, Readable, Readable>;
  readonly #ended: Promise<unknown[]>;

  constructor(command: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    const [program = '', ...args] = command;
    const env = { ...process.env, ...environment };
    this.#process = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.lines.push(...text.split('\n').filter((line) => line !== ''));
      });
    this.#ended = once(this.#process, 'close');
  }

  get pid(): number {
    const { pid } = this.#process;
    if (pid === undefined) throw new Error('it was not started');
    return pid;
  }

  line(pattern: RegExp, nth = 1): Promise<string> {
    return until(`line ${nth} of ${String(pattern)} in ${this.lines.join(' | ')}`, () => {
      return this.lines.filter((line) => pattern.test(line))[nth - 1];
    });
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** Exit status, or the signal that ended it. */
  async end(): Promise<unknown> {
    const [status, signal] = await this.#ended;
    return status ?? signal;
  }
}
