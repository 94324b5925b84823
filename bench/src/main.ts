/** `npm run bench -- SUITE`: runs one suite, prints its table, writes its results. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, Command } from 'commander';
import { conntrackSuite } from './conntrack/suite.js';
import {
  lastResults,
  mergeResults,
  requireSameVersions,
  type Results,
  thisMachine,
  writeResults,
} from './harness/results.js';
import { failoverSuite } from './failover/suite.js';
import { type Row, toRow } from './harness/row.js';
import { type Suite } from './harness/suite.js';
import { renderTable } from './harness/table.js';
import { sourceRoot } from './lab/lab.js';
import { pathSuite } from './path/suite.js';
import { servicesSuite } from './services/suite.js';

const suites: readonly Suite[] = [pathSuite, failoverSuite, servicesSuite, conntrackSuite];

interface Options {
  readonly lab?: string;
  readonly only?: string;
  readonly update?: boolean;
}

const sluiceVersion = (): string => {
  const text = readFileSync(join(sourceRoot, 'package.json'), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
};

/** Rows are written as they come. */
async function runSuite(suite: Suite, { lab, only, update = false }: Options): Promise<void> {
  const full = lab === undefined && only === undefined;
  const directory = join(sourceRoot, 'bench', 'results');
  const versions = { sluice: sluiceVersion(), node: process.versions.node, ...(await suite.versions()) };
  const before = lastResults(directory, suite.name);
  const rows: Row[] = [];
  const results = (): Results => ({
    suite: suite.name,
    at: new Date().toISOString(),
    machine: thisMachine(),
    versions,
    rows,
  });
  if (update && before !== undefined) requireSameVersions(before, results());
  const written = full || update;
  /** Beside the rows of earlier runs. */
  const kept = (): Results => mergeResults(written ? before : undefined, results());
  /** On no machine of their own: the rows that they sum up say where they are from. */
  const summarised = (base: Results): Results => {
    const rowsAbout = [...(suite.summary?.(base.rows) ?? [])].map(toRow);
    return mergeResults(base, { ...base, at: results().at, rows: rowsAbout });
  };
  const progress = (text: string): void => console.error(`bench: ${text}`);
  for await (const measurement of suite.run({ lab, only, progress })) {
    rows.push(toRow(measurement));
    console.error(renderTable(rows.slice(-1)));
    // A run that is interrupted leaves what it measured.
    if (written) writeResults(directory, summarised(kept()));
  }
  const last = summarised(full ? results() : kept());
  console.log(renderTable(last.rows));
  if (rows.length === 0)
    throw new Error(`nothing was measured: no row has "${only ?? ''}" in its id, or none came to its end`);
  if (written) console.log(`wrote ${writeResults(directory, last)}`);
  else console.log('not a full run: results are not written');
}

const names = new Argument(
  '<suite>',
  suites.map(({ name, description }) => `${name}: ${description}`).join('; '),
);

await new Command('bench')
  .description('Measures Sluice, with peers beside it, and writes bench/results/SUITE.json.')
  .addArgument(names.choices(suites.map(({ name }) => name)))
  .option('--lab <name>', 'measure on a running lab; writes no results without --update')
  .option(
    '--only <text>',
    'only rows with this text in their id, of failover and services: these ids, with commas; writes no results without --update',
  )
  .option('--update', 'write what was measured over the same rows of the last results, and keep the others')
  .action(async (name: string, options: Options) => {
    for (const suite of suites) if (suite.name === name) await runSuite(suite, options);
  })
  .parseAsync();
