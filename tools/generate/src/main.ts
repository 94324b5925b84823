/** Writes what is made from code, or with --check says what is stale. */
import { staleFiles, writeFiles } from './files.js';

const root = process.cwd();
const stale = await staleFiles(root);
const paths = stale.map(({ path }) => path).join(', ');

if (!process.argv.includes('--check')) {
  await writeFiles(root, stale);
  console.log(stale.length === 0 ? 'everything is up to date' : `wrote ${paths}`);
} else if (stale.length > 0) {
  console.error(`stale: ${paths}; run "make generate" and commit the result`);
  process.exitCode = 1;
}
