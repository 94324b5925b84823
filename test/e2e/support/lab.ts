/**
 * The running lab as a test sees it: kubectl, the outside hosts, and conditions that are waited for.
 * Black box: objects go in through the API server, packets are observed outside.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

const execute = promisify(execFile);

export interface LabNode {
  readonly name: string;
  readonly role: 'worker' | 'gateway';
  readonly namespace: string;
  readonly ovsRunDir: string;
}

export interface OutsideHost {
  readonly name: string;
  readonly namespace: string;
  readonly addresses: readonly string[];
}

export interface LabStatus {
  readonly kubeconfig: string;
  readonly kubectl: string;
  readonly redis: string;
  readonly nodes: readonly LabNode[];
  readonly outside: readonly OutsideHost[];
}

/** Which of the labs on this machine; `SLUICE_LAB` names another one than the default. */
export const labName = process.env.SLUICE_LAB ?? 'lab';

let status: LabStatus | undefined;

/** Status of the running lab, asked once. */
export async function labStatus(): Promise<LabStatus> {
  return (status ??= JSON.parse(await lab('status', '--json')) as LabStatus);
}

/** Runs `lab VERB …`; its output is the error's text if it fails. */
export async function lab(verb: string, ...args: readonly string[]): Promise<string> {
  const command = ['run', '--silent', 'lab', '--', verb, '--name', labName, ...args];
  const { stdout } = await execute('npm', command);
  return stdout;
}

export async function kubectl(...args: readonly string[]): Promise<string> {
  const { kubeconfig, kubectl: program } = await labStatus();
  const { stdout } = await execute(program, ['--kubeconfig', kubeconfig, ...args], { maxBuffer: 64 << 20 });
  return stdout;
}

export async function kubectlJson<T>(...args: readonly string[]): Promise<T> {
  return JSON.parse(await kubectl(...args, '-o', 'json')) as T;
}

/** Server-side apply of YAML or JSON text. */
export async function apply(manifest: string): Promise<void> {
  const { kubeconfig, kubectl: program } = await labStatus();
  const args = ['--kubeconfig', kubeconfig, 'apply', '--server-side', '--force-conflicts', '-f', '-'];
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'] });
  child.stdin.end(manifest);
  const error = await text(child.stderr);
  if (child.exitCode === null) await once(child, 'close');
  if (child.exitCode !== 0) throw new Error(`kubectl apply: ${error}`);
}

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Starts a program in the network namespace of a node or of an outside host. */
export async function startIn(host: string, ...command: readonly string[]): Promise<ChildProcess> {
  return spawn('ip', ['netns', 'exec', await namespaceOf(host), ...command]);
}

/** Runs a program there to its end; rejects if it fails. */
export async function runIn(host: string, ...command: readonly string[]): Promise<string> {
  const { stdout } = await execute('ip', ['netns', 'exec', await namespaceOf(host), ...command]);
  return stdout;
}

export async function namespaceOf(host: string): Promise<string> {
  const { nodes, outside } = await labStatus();
  const found = [...nodes, ...outside].find(({ name }) => name === host);
  if (found === undefined) throw new Error(`the lab has no host ${host}`);
  return found.namespace;
}

export interface Patience {
  /** Milliseconds; generous, machines are noisy. */
  readonly withinMs?: number;
  readonly everyMs?: number;
}

/** Asks until `condition` gives something other than undefined or false; tells what was seen last if it never does. */
export async function eventually<T>(
  what: string,
  condition: () => Promise<T | undefined | false>,
  { withinMs = 60_000, everyMs = 100 }: Patience = {},
): Promise<T> {
  const deadline = Date.now() + withinMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== undefined && value !== false) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}; last: ${String(last)}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
