/**
 * Wall clocks of gateway processes, which can be set without that of the machine: libfaketime (faketime(1)) adds what a file
 * says, and looks into it once a second. Monotonic clocks go on as they are.
 */
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { existingLab, nodeOf } from '@sluice/lab';
import { kubectl, labName } from './lab.js';
import { gateways } from './moving-egress.js';

const daemonSet = 'daemonset/sluice-gateway';
const library = 'libfaketimeMT.so.1';
/** Of the container, and below the node's own directory. */
const folder = '/run/sluice/e2e-clock';

const environment = {
  LD_PRELOAD: `${folder}/${library}`,
  FAKETIME_TIMESTAMP_FILE: `${folder}/ahead`,
  FAKETIME_CACHE_DURATION: '1',
  FAKETIME_DONT_FAKE_MONOTONIC: '1',
} as const;

const folderOf = (gateway: string): string => join(nodeOf(existingLab(labName), gateway).directory, folder);

async function setEnvironment(words: readonly string[]): Promise<void> {
  await kubectl('set', 'env', '-n', 'sluice-system', daemonSet, ...words);
  await kubectl('rollout', 'status', '-n', 'sluice-system', daemonSet, '--timeout=180s');
}

/** Where Debian has it, by the machine's architecture. */
async function libraryFile(): Promise<string> {
  const maps = await readFile('/proc/self/maps', 'utf8');
  const [, folder] = /\s(\/\S*)\/libc\.so\.6$/m.exec(maps) ?? [];
  return join(folder ?? '/usr/lib', 'faketime', library);
}

/** Starts the gateways again, with clocks that can be set. */
export async function openClocks(): Promise<void> {
  for (const gateway of gateways) {
    await mkdir(folderOf(gateway), { recursive: true });
    await copyFile(await libraryFile(), join(folderOf(gateway), library));
    await stepClock(gateway, 0);
  }
  await setEnvironment(Object.entries(environment).map(([name, value]) => `${name}=${value}`));
}

/** So many seconds ahead of the machine's clock; noticed within a second. */
export const stepClock = (gateway: string, seconds: number): Promise<void> =>
  writeFile(join(folderOf(gateway), 'ahead'), `${seconds < 0 ? '' : '+'}${seconds}\n`);

/** What the process on a gateway takes for the time, in milliseconds since 1970. */
export async function clockOf(gateway: string): Promise<number> {
  const name = `gateway-${gateway}`;
  const text = await kubectl(
    ...['get', 'lease', '-n', 'sluice-system', name, '-o', 'jsonpath={.spec.renewTime}'],
  );
  return Date.parse(text);
}

export async function closeClocks(): Promise<void> {
  await setEnvironment(Object.keys(environment).map((name) => `${name}-`));
  for (const gateway of gateways) await rm(folderOf(gateway), { recursive: true, force: true });
}
