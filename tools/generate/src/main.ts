/** Writes what is made from code, or with --check says what is stale. */
import { readFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { renderPipeline } from '@sluice/datapath';
import { renderCrdReference, renderCrds } from '@sluice/kube';
import { format, resolveConfig } from 'prettier';
import { renderErrors } from './errors.js';
import { renderManifest } from './manifest/manifest.js';

const files: Readonly<Record<string, () => string>> = {
  'deploy/crds.yaml': renderCrds,
  'deploy/sluice.yaml': renderManifest,
  'docs/reference/crds.md': renderCrdReference,
  'docs/reference/errors.md': renderErrors,
  'docs/reference/pipeline.md': renderPipeline,
};

const check = process.argv.includes('--check');
const stale: string[] = [];

for (const [path, render] of Object.entries(files)) {
  const text = await format(render(), { ...(await resolveConfig(path)), filepath: path });
  const there = await readFile(path, 'utf8').catch(() => undefined);
  if (there === text) continue;
  stale.push(path);
  if (check) continue;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  console.log(`wrote ${path}`);
}

if (check && stale.length > 0) {
  console.error(`stale: ${stale.join(', ')}; run "npm run generate" and commit the result`);
  process.exitCode = 1;
}
