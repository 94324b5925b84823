/** Programs as promises: run to the end, or fail with what they said. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export class CommandFailed extends Error {
  constructor(
    readonly command: readonly string[],
    readonly status: number | null,
    readonly output: string,
  ) {
    super(`${command.join(' ')} ended with ${status ?? 'a signal'}: ${output.trim().slice(-2000)}`);
    this.name = 'CommandFailed';
  }
}

export interface CommandOptions {
  readonly input?: string;
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Output goes to the terminal as it comes instead of into the result. */
  readonly show?: boolean;
}

async function collect(stream: AsyncIterable<Buffer> | null): Promise<string> {
  if (stream === null) return '';
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Runs a program; resolves to its standard output, rejects with CommandFailed. */
export async function run(command: readonly string[], options: CommandOptions = {}): Promise<string> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.environment },
    stdio: ['pipe', options.show ? 'inherit' : 'pipe', options.show ? 'inherit' : 'pipe'],
  });
  const ended = once(child, 'close') as Promise<[number | null]>;
  child.stdin?.on('error', () => undefined); // a program that does not read its input to the end is not an error
  child.stdin?.end(options.input ?? '');
  const [[status], output, errors] = await Promise.all([ended, collect(child.stdout), collect(child.stderr)]);
  if (status !== 0) throw new CommandFailed(command, status, `${output}${errors}`);
  return output;
}

/** Like `run`, but a failure is an answer: undefined. */
export async function attempt(
  command: readonly string[],
  options: CommandOptions = {},
): Promise<string | undefined> {
  try {
    return await run(command, options);
  } catch (error) {
    if (error instanceof CommandFailed) return undefined;
    throw error;
  }
}

/** Asks until `condition` is true; fails with `what` after `withinMs`. */
export async function until(
  what: string,
  condition: () => Promise<boolean> | boolean,
  withinMs = 60_000,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
