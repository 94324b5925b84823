/** Every file that is made from code, and from what. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { renderPipeline } from '@sluice/datapath';
import { renderCrdReference, renderCrds } from '@sluice/kube';
import { format, resolveConfig } from 'prettier';
import { renderFailover } from './chaos.js';
import { renderCli } from './cli.js';
import { renderErrors } from './errors.js';
import { renderManifest } from './manifest/manifest.js';
import { renderMetrics } from './metrics.js';

/** From what is there below the root. */
const files: Readonly<Record<string, (root: string) => string | Promise<string>>> = {
  'deploy/crds.yaml': renderCrds,
  'deploy/sluice.yaml': renderManifest,
  'docs/failover.md': renderFailover,
  'docs/reference/cli.md': renderCli,
  'docs/reference/crds.md': renderCrdReference,
  'docs/reference/errors.md': renderErrors,
  'docs/reference/metrics.md': renderMetrics,
  'docs/reference/pipeline.md': renderPipeline,
};

export interface StaleFile {
  /** Below the root. */
  readonly path: string;
  /** What it should be. */
  readonly text: string;
}

/** Files that are not what the code says. Formatted as the root's own settings say. */
export async function staleFiles(root: string): Promise<readonly StaleFile[]> {
  const stale: StaleFile[] = [];
  for (const [path, render] of Object.entries(files)) {
    const filepath = join(root, path);
    const text = await format(await render(root), { ...(await resolveConfig(filepath)), filepath });
    const there = existsSync(filepath) ? await readFile(filepath, 'utf8') : undefined;
    if (there !== text) stale.push({ path, text });
  }
  return stale;
}

export async function writeFiles(root: string, stale: readonly StaleFile[]): Promise<void> {
  for (const { path, text } of stale) {
    const target = join(root, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text);
  }
}
