/** `bench/results/SUITE.json`: rows, and on what and with what they were measured. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
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

/** The last results with these rows in the place of those of the same id; new ones come last. */
export function mergeResults(directory: string, results: Results): Results {
  const path = join(directory, `${results.suite}.json`);
  if (!existsSync(path)) return results;
  const { rows: before } = JSON.parse(readFileSync(path, 'utf8')) as Results;
  const measured = new Map(results.rows.map((row) => [row.id, row]));
  const kept = before.map((row) => measured.get(row.id) ?? row);
  const known = new Set(before.map(({ id }) => id));
  return { ...results, rows: [...kept, ...results.rows.filter(({ id }) => !known.has(id))] };
}

/** Returns the path. */
export function writeResults(directory: string, results: Results): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${results.suite}.json`);
  writeFileSync(path, `${JSON.stringify(results, undefined, 2)}\n`);
  return path;
}
