/** `npm run bench -- SUITE`: runs one suite, prints its table, writes its results. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, Command } from 'commander';
import { conntrackSuite } from './conntrack/suite.js';
import { lastResults, mergeResults, thisMachine, writeResults } from './harness/results.js';
import { failoverSuite } from './failover/suite.js';
import { type Row, toRow } from './harness/row.js';
import { type Suite } from './harness/suite.js';
import { renderTable } from './harness/table.js';
import { sourceRoot } from './lab/lab.js';
import { pathSuite } from './path/suite.js';

const suites: readonly Suite[] = [pathSuite, failoverSuite, conntrackSuite];

interface Options {
  readonly lab?: string;
  readonly only?: string;
  readonly update?: boolean;
}

const sluiceVersion = (): string => {
  const text = readFileSync(join(sourceRoot, 'package.json'), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
};

async function runSuite(suite: Suite, { lab, only, update = false }: Options): Promise<void> {
  const rows: Row[] = [];
  const progress = (text: string): void => console.error(`bench: ${text}`);
  for await (const measurement of suite.run({ lab, only, progress })) {
    rows.push(toRow(measurement));
    console.error(renderTable(rows.slice(-1)));
  }
  console.log(renderTable(rows));
  if (rows.length === 0)
    throw new Error(`nothing was measured: no row has "${only ?? ''}" in its id, or none came to its end`);
  const full = lab === undefined && only === undefined;
  if (!full && !update) {
    console.log('not a full run: results are not written');
    return;
  }
  const versions = { sluice: sluiceVersion(), node: process.versions.node, ...(await suite.versions()) };
  const machine = thisMachine();
  const at = new Date().toISOString();
  const directory = join(sourceRoot, 'bench', 'results');
  const results = { suite: suite.name, at, machine, versions, rows };
  const before = full ? undefined : lastResults(directory, suite.name);
  const written = before === undefined ? results : mergeResults(before, results);
  console.log(`wrote ${writeResults(directory, written)}`);
}

const names = new Argument(
  '<suite>',
  suites.map(({ name, description }) => `${name}: ${description}`).join('; '),
);

await new Command('bench')
  .description('Measures Sluice, with peers beside it, and writes bench/results/SUITE.json.')
  .addArgument(names.choices(suites.map(({ name }) => name)))
  .option('--lab <name>', 'measure on a running lab; writes no results without --update')
  .option('--only <text>', 'only rows with this text in their id; writes no results without --update')
  .option('--update', 'write what was measured over the same rows of the last results, and keep the others')
  .action(async (name: string, options: Options) => {
    for (const suite of suites) if (suite.name === name) await runSuite(suite, options);
  })
  .parseAsync();
