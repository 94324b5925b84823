/** `bench/results/SUITE.json`: rows, and on what and with what they were measured. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { type Machine, type Row } from './row.js';

export interface Results {
  readonly suite: string;
  /** ISO 8601. */
  readonly at: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
}

export const thisMachine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? process.arch,
  cores: cpus().length,
  memoryGb: Math.round(totalmem() / 2 ** 30),
  kernel: release(),
});

/** The last results of the suite; undefined: there are none. */
export function lastResults(directory: string, suite: string): Results | undefined {
  const path = pathOf(directory, suite);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Results) : undefined;
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Throws RangeError when versions differ: rows of one file are of one build. */
export function requireSameVersions(before: Results, next: Results): void {
  if (!same(before.versions, next.versions))
    throw new RangeError(
      `the last results of ${next.suite} are of another version of something; measure the whole suite`,
    );
}

/**
 * The results before with these rows in the place of those of the same id; new ones come last. Each says when it was measured, and on
 * which machine if it was another one: a row and its peer are of one run, two rows need not be. Results of other versions are not kept.
 */
export function mergeResults(before: Results | undefined, next: Results): Results {
  if (before === undefined || !same(before.versions, next.versions)) return next;
  const elsewhere = same(before.machine, next.machine) ? {} : { machine: next.machine };
  const measured = new Map(next.rows.map((row) => [row.id, { ...row, at: next.at, ...elsewhere }]));
  const rows = before.rows.map((row) => measured.get(row.id) ?? row);
  const known = new Set(before.rows.map(({ id }) => id));
  return { ...before, rows: [...rows, ...[...measured.values()].filter(({ id }) => !known.has(id))] };
}

const pathOf = (directory: string, suite: string): string => join(directory, `${suite}.json`);

/** Returns the path. */
export function writeResults(directory: string, results: Results): string {
  mkdirSync(directory, { recursive: true });
  const path = pathOf(directory, results.suite);
  writeFileSync(path, `${JSON.stringify(results, undefined, 2)}\n`);
  return path;
}
