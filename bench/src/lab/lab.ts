/** The lab as the suites use it: up, down, and its facts. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { runProgram } from '@sluice/core';

/** From `dist/bench/src/lab`. */
export const sourceRoot = resolve(import.meta.dirname, '..', '..', '..', '..');

export interface LabNode {
  readonly name: string;
  readonly role: 'worker' | 'gateway';
  readonly namespace: string;
}

export interface LabFacts {
  readonly name: string;
  readonly kubeconfig: string;
  readonly nodes: readonly LabNode[];
  readonly outside: readonly {
    readonly name: string;
    readonly namespace: string;
    readonly addresses: readonly string[];
  }[];
}

const program = resolve(sourceRoot, 'dist', 'lab', 'src', 'cli.js');

/** With the lab's own progress on our standard error. */
async function lab(...args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [program, ...args], { cwd: sourceRoot, stdio: ['ignore', 2, 2] });
  const [status] = (await once(child, 'close')) as [number | null];
  if (status !== 0) throw new Error(`lab ${args.join(' ')} ended with status ${String(status)}`);
}

export const labUp = (name: string, ...options: readonly string[]): Promise<void> =>
  lab('up', '--name', name, ...options);
export const labDown = (name: string): Promise<void> => lab('down', '--name', name);

export async function labFacts(name: string): Promise<LabFacts> {
  const command = [process.execPath, program, 'status', '--json', '--name', name] as const;
  const { status, stdout, stderr } = await runProgram({ command });
  if (status !== 0) throw new Error(`there is no lab "${name}": ${stderr.trim()}`);
  return { ...(JSON.parse(stdout) as LabFacts), name };
}
