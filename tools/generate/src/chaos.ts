/** The table of docs/failover.md, from what the suite measured last. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { scenarios } from '../../../bench/src/failover/scenarios.js';
import { chaosTable } from '../../../bench/src/failover/table.js';
import { type Results } from '../../../bench/src/harness/results.js';

const begin = '<!-- chaos: make generate writes this table from bench/results/failover.json -->';
const end = '<!-- /chaos -->';

/** The page as it stands below the root, with the table of the results. Throws Error when the page has no place for it. */
export async function renderFailover(root: string): Promise<string> {
  const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');
  const page = await read('docs/failover.md');
  const [head, rest] = page.split(begin);
  const [, tail] = rest?.split(end) ?? [];
  if (head === undefined || tail === undefined)
    throw new Error(`docs/failover.md has no line "${begin}" with "${end}" behind it`);
  const { rows, at } = JSON.parse(await read('bench/results/failover.json')) as Results;
  return [head, begin, '\n\n', chaosTable(scenarios, rows, at), '\n\n', end, tail].join('');
}
