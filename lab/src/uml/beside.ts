/**
 * What runs beside the kernel of the lane: a namespace of the host with one end of the kernel's only link, and in it, on
 * request, an API server. Go programs of its size stop answering in that kernel after some minutes (7.3), and they would
 * take the only core from what is tested.
 *
 *      kernel of the lane ── vec0 ───── tap ── namespace of the host: API server at 10.89.0.2
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Readable, type Writable } from 'node:stream';
import { run } from '../command.js';
import { inNamespace, ipBatch } from '../namespaces.js';
import { startTime } from '../processes.js';

const tap = 'lane';
/** Of the namespaces' names; the pid of who made it follows. */
const prefix = 'sluice-uml-';

/** The link, as the kernel has it. */
export const laneDevice = 'vec0';
export const besideAddress = '10.89.0.2';
/** Where API servers are asked for: POST / ends the last one, starts another, and answers with its kubeconfig's path. */
export const requestPort = 8001;

export class Beside {
  private constructor(
    private readonly namespace: string,
    private readonly program: ChildProcessByStdio<Writable, Readable, null>,
  ) {}

  static async start(): Promise<Beside> {
    await removeAbandoned();
    const namespace = `${prefix}${String(process.pid)}`;
    await run(['ip', 'netns', 'add', namespace]);
    await ipBatch(namespace, [
      'link set lo up',
      `tuntap add dev ${tap} mode tap`,
      `addr add ${besideAddress}/24 dev ${tap}`,
      `link set ${tap} up`,
    ]);
    const [command = '', ...args] = inNamespace(namespace, [
      process.execPath,
      join(import.meta.dirname, 'api-servers.js'),
    ]);
    const program = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    // It says when it listens, and ends with its input: also when this process is killed.
    const isReady = once(program.stdout, 'data').then(() => true);
    const beside = new Beside(namespace, program);
    if (await Promise.race([isReady, once(program, 'exit').then(() => false)])) return beside;
    await beside.stop();
    throw new Error('the program beside the kernel of the lane did not start; what it said is above');
  }

  /** A program with the far end of its link here. */
  command(kernel: string, options: readonly string[]): readonly string[] {
    return inNamespace(this.namespace, [
      kernel,
      ...options,
      `${laneDevice}:transport=tap,ifname=${tap},depth=64`,
    ]);
  }

  async stop(): Promise<void> {
    if (this.program.exitCode === null && this.program.signalCode === null) {
      const ended = once(this.program, 'exit');
      this.program.stdin.end();
      await ended;
    }
    await run(['ip', 'netns', 'delete', this.namespace]);
  }
}

/** What was left when a command of the lane was killed. */
async function removeAbandoned(): Promise<void> {
  const names = existsSync('/run/netns') ? readdirSync('/run/netns') : [];
  for (const name of names)
    if (name.startsWith(prefix) && startTime(Number(name.slice(prefix.length))) === undefined)
      await run(['ip', 'netns', 'delete', name]);
}
