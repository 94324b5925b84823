import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { staleFiles, writeFiles } from './files.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'generate-'));
  // A page that is generated in part, and what it is generated from.
  for (const path of ['docs/failover.md', 'bench/results/failover.json']) cpSync(path, join(root, path));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('generated files', () => {
  it('are up to date once written', async () => {
    const missing = await staleFiles(root);
    expect(missing.map(({ path }) => path)).toContain('deploy/sluice.yaml');
    await writeFiles(root, missing);
    await expect(staleFiles(root)).resolves.toEqual([]);
  });

  it('are stale when somebody edits one', async () => {
    await writeFiles(root, await staleFiles(root));
    appendFileSync(join(root, 'docs/reference/errors.md'), 'more');
    const stale = await staleFiles(root);
    expect(stale.map(({ path }) => path)).toEqual(['docs/reference/errors.md']);
  });

  it('are stale when a part was edited, and keep the rest of the page', async () => {
    await writeFiles(root, await staleFiles(root));
    const page = join(root, 'docs/failover.md');
    const text = readFileSync(page, 'utf8');
    writeFileSync(page, text.replace('| gateway node killed ', '| gateway node kissed '));
    expect(await staleFiles(root)).toEqual([{ path: 'docs/failover.md', text }]);
  });
});
