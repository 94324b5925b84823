import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { staleFiles, writeFiles } from './files.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'generate-'));
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
});
