/** Content digests, by which everything that is slow to make is cached. */
import { createHash, type Hash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

function add(hash: Hash, path: string, name: string): void {
  if (statSync(path).isDirectory()) {
    for (const entry of readdirSync(path).sort()) add(hash, join(path, entry), `${name}/${entry}`);
    return;
  }
  const content = readFileSync(path);
  hash.update(`${name} ${content.length}\n`).update(content);
}

/** SHA-256 of files and directory trees, names included, in hexadecimal. */
export function digestOf(...paths: readonly string[]): string {
  const hash = createHash('sha256');
  paths.forEach((path, index) => add(hash, path, String(index)));
  return hash.digest('hex');
}

export const digestOfText = (...texts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(texts)).digest('hex');
