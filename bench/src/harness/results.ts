/** `bench/results/SUITE.json`: rows, and on what and with what they were measured. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { type Row } from './row.js';

export interface Results {
  readonly suite: string;
  /** ISO 8601. */
  readonly at: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
}

export const thisMachine = (): Results['machine'] => ({
  cpu: cpus()[0]?.model.trim() ?? process.arch,
  cores: cpus().length,
  memoryGb: Math.round(totalmem() / 2 ** 30),
  kernel: release(),
});

/** Returns the path. */
export function writeResults(directory: string, results: Results): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${results.suite}.json`);
  writeFileSync(path, `${JSON.stringify(results, undefined, 2)}\n`);
  return path;
}
