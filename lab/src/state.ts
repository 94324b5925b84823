/** What a lab remembers of itself: its size, and the boot of the machine in which it was made. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultStateRoot, planLab, type LabPlan, type LabSize } from './plan.js';

interface LabState {
  readonly size: LabSize;
  readonly bootId: string;
}

const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
const fileOf = (name: string): string => join(defaultStateRoot, name, 'lab.json');

export const lockFile = (name: string): string => join(defaultStateRoot, `${name}.lock`);

export function readState(name: string): LabState | undefined {
  if (!existsSync(fileOf(name))) return undefined;
  return JSON.parse(readFileSync(fileOf(name), 'utf8')) as LabState;
}

/** Written before anything else of the lab exists. */
export function writeState(size: LabSize): void {
  const file = fileOf(size.name);
  mkdirSync(join(defaultStateRoot, size.name), { recursive: true });
  writeFileSync(`${file}.partial`, JSON.stringify({ size, bootId: bootId() } satisfies LabState));
  renameSync(`${file}.partial`, file);
}

/** Whether what the state speaks of is gone, since the machine was started anew. */
export const isFromEarlierBoot = (state: LabState): boolean => state.bootId !== bootId();

/** The plan of a lab that was brought up. Throws if there is none. */
export function existingLab(name: string): LabPlan {
  const state = readState(name);
  if (state === undefined) throw new Error(`there is no lab "${name}"; "lab up" makes it`);
  return planLab(state.size);
}

/** Names of all labs on this machine. */
export function labNames(): readonly string[] {
  if (!existsSync(defaultStateRoot)) return [];
  return readdirSync(defaultStateRoot).filter((name) => readState(name) !== undefined);
}
