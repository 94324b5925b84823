/** What breaks around Sluice: the lab's faults by name, and a store that forgets or hangs. */
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  askStore,
  existingLab,
  fail,
  heal,
  type Manner,
  type NodeFault,
  nodeOf,
  parentOf,
  processesOf,
} from '@sluice/lab';
import { labName } from './lab.js';

/** Breaks something of a node; resolves when it is broken. */
export function failNode(name: string, how: NodeFault, manner?: Manner): Promise<void> {
  const plan = existingLab(labName);
  return fail(plan, how, nodeOf(plan, name), manner);
}

/** Every process of the node dies at once: kubelet, containers, Open vSwitch. */
export const killNode = (name: string): Promise<void> => failNode(name, 'node');

export const failRedis = (manner?: Manner): Promise<void> =>
  fail(existingLab(labName), 'redis', undefined, manner);

/** What Redis has been told to save, and would read when it starts. */
export const forgetSnapshot = (): Promise<void> =>
  rm(join(existingLab(labName).directory, 'redis', 'dump.rdb'), { force: true });

/** Its clock is an hour ahead, until the lab is repaired. */
export const stepRedisClock = (): Promise<void> => fail(existingLab(labName), 'redis-clock');

export const failApi = (): Promise<void> => fail(existingLab(labName), 'api');

const execute = promisify(execFile);

/** Hides a program from Sluice's container on a node, whose files are read-only for itself; the result puts it back. */
export async function hideProgram(node: string, file: string): Promise<() => Promise<void>> {
  const [pid] = processesOf(nodeOf(existingLab(labName), node), 'process');
  if (pid === undefined) throw new Error(`Sluice does not run on ${node}`);
  // By the container's first process, which outlives Sluice's own.
  const script = 'mount -o remount,rw / && mv "$1" "$2"; mount -o remount,ro /; [ -e "$2" ]';
  const supervisor = String(parentOf(pid));
  const move = async (from: string, to: string): Promise<void> => {
    await execute('nsenter', ['-t', supervisor, '-m', 'sh', '-c', script, 'sh', from, to]);
  };
  await move(file, `${file}.away`);
  return () => move(`${file}.away`, file);
}

/** Puts back what was broken, and starts again what does not run, as a machine that boots. */
export const repairLab = (): Promise<void> => heal(existingLab(labName));

/** One command to the store; resolves when it was answered. */
export const redis = (...words: readonly string[]): Promise<string> =>
  askStore(existingLab(labName), ...words);
