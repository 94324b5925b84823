/** A small program of the bench in a network namespace of the lab, and the lines that it prints. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type Readable } from 'node:stream';

export class Companion {
  readonly #process: ChildProcessByStdio<null, Readable, null>;
  readonly #lines: AsyncIterator<string, undefined>;
  readonly #what: string;

  /** `netns` is a path: /run/netns/NAME or /proc/PID/ns/net. */
  constructor(netns: string, ...command: readonly string[]) {
    this.#what = command.join(' ');
    const args = [`--net=${netns}`, ...command];
    this.#process = spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#lines = createInterface(this.#process.stdout)[Symbol.asyncIterator]();
  }

  /** The next line that `wanted` takes; throws when none came within `withinMs`, or when it ended. */
  async line(wanted: (line: string) => boolean, withinMs: number): Promise<string> {
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), withinMs);
    try {
      for (;;) {
        const next: IteratorResult<string, undefined> = await this.#lines.next();
        if (next.done === true) throw new Error(`not within ${withinMs} ms, or it ended: ${this.#what}`);
        if (wanted(next.value)) return next.value;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }
}
