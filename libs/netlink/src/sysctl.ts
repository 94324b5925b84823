/** Settings below /proc/sys, of the process's own network namespace or of another. */
import { readFile, writeFile } from 'node:fs/promises';
import { RemoteError, runProgram } from '@sluice/core';
import { type SysctlPath } from './shapes.js';

/** /proc/sys is read-only in a container; the manifest mounts the node's at another place. */
const root = process.env.SLUICE_SYSCTL_ROOT ?? '/proc/sys';

/** As sysctl(8): dots separate unless there are slashes, which allow for interface names with dots. */
export function sysctlFile(key: SysctlPath): string {
  const parts = typeof key === 'string' ? key.split(key.includes('/') ? '/' : '.') : key;
  if (parts.length > 0 && parts.every((part) => part !== '' && part !== '..' && !part.includes('/'))) {
    return [root, ...parts].join('/');
  }
  throw refused(root, `"${parts.join(' ')}" is no path of a setting`);
}

/** One spelling: the kernel separates the numbers of a list by tabs. */
export const sysctlValue = (text: string): string => text.trim().replaceAll(/\s+/g, ' ');

const refused = (file: string, words: string, cause?: unknown): RemoteError =>
  new RemoteError('SLUICE_SYSCTL_REFUSED', { message: `${file}: ${words}`, cause });

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error);

/** undefined: no such setting. */
export async function readLocal(file: string): Promise<string | undefined> {
  try {
    return sysctlValue(await readFile(file, 'utf8'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw refused(file, `cannot be read (${codeOf(error)})`, error);
  }
}

export async function writeLocal(file: string, value: string): Promise<void> {
  try {
    await writeFile(file, value, { flag: 'r+' });
  } catch (error) {
    const why = codeOf(error) === 'ENOENT' ? 'the kernel has no such setting' : codeOf(error);
    throw refused(file, `cannot be set to "${value}" (${why})`, error);
  }
}

/** One line per file: `=` and the value with spaces, or `!`. */
const readScript = 'for f; do if v=$(cat "$f" 2>/dev/null); then echo "="$v; else echo "!"; fi; done';

/** /proc/sys/net shows the namespace of the process that looks, so one must go there. */
export async function readInside(netns: string, files: readonly string[]): Promise<(string | undefined)[]> {
  const command = ['sh', '-c', readScript, 'sh', ...files] as const;
  const { stdout, stderr, status } = await runProgram({ netns, command });
  const lines = stdout.split('\n').slice(0, -1);
  if (status !== 0 || lines.length !== files.length) throw refused(root, `cannot be read: ${stderr.trim()}`);
  return lines.map((line) => (line.startsWith('=') ? sysctlValue(line.slice(1)) : undefined));
}

export async function writeInside(netns: string, file: string, value: string): Promise<void> {
  const command = ['sh', '-c', 'printf %s "$2" >"$1"', 'sh', file, value] as const;
  const { stderr, status } = await runProgram({ netns, command });
  if (status !== 0) throw refused(file, `cannot be set to "${value}" (${stderr.trim()})`);
}
