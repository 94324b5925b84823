import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sluicectl } from '../program.js';
import { candidateLines, candidates } from './candidates.js';
import { completionScript, shells } from './scripts.js';

const program = sluicectl(() => undefined);
const seen: Readonly<Record<string, string>>[] = [];

const complete = async (...words: readonly string[]): Promise<readonly string[]> => {
  const found = await candidates(program, words, (name, values) => {
    seen.push(values);
    return Promise.resolve(name === 'gateway' ? ['gw-1', 'gw-2', 'other'] : []);
  });
  return found.map(({ value }) => value);
};

describe('what may stand at the cursor', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['a command', ['sta'], ['status']],
    ['every command', [''], ['status', 'drain', 'undrain', 'moves', 'version', 'completion', 'help']],
    ['a gateway', ['drain', 'gw'], ['gw-1', 'gw-2']],
    ['a gateway behind an option', ['drain', '--wait', ''], ['gw-1', 'gw-2', 'other']],
    ['nothing behind the last argument', ['drain', 'gw-1', ''], []],
    ['an option', ['drain', 'gw-1', '--wai'], ['--wait', '--wait-connections']],
    ['an option of all commands', ['moves', '--kube'], ['--kubeconfig']],
    ['a value', ['status', '-o', ''], ['table', 'wide', 'json', 'yaml']],
    ['a value as bash takes it apart', ['status', '--output', '=', 'js'], ['json']],
    ['a value right behind the sign', ['status', '--output', '='], ['table', 'wide', 'json', 'yaml']],
    ['nothing for a file: that is the shell’s', ['--kubeconfig', ''], []],
    ['a shell', ['completion', ''], ['bash', 'zsh', 'fish']],
  ])('%s', async (_, words, expected) => {
    expect(await complete(...words)).toEqual(expected);
  });

  it('asks the cluster that the words name', async () => {
    await complete('--kubeconfig', 'a', '--context=b', 'drain', '');
    expect(seen.at(-1)).toEqual({ kubeconfig: 'a', context: 'b' });
  });

  it('has descriptions behind a tab', async () => {
    const found = await candidates(program, ['vers'], () => Promise.resolve([]));
    expect(candidateLines(found)).toBe('version\tof this program and of what is installed in the cluster');
  });
});

describe('the script', () => {
  it.each(shells)('of %s calls the program with the words up to the cursor', (shell) => {
    expect(completionScript(shell, 'sluicectl')).toContain('sluicectl __complete -- ');
  });

  it('of bash fills COMPREPLY', () => {
    const bin = mkdtempSync(join(tmpdir(), 'completion-'));
    try {
      const file = join(bin, 'sluicectl');
      writeFileSync(file, `#!/bin/sh\nprintf 'words\\t%s\\n' "$#"; for word; do echo "[$word]"; done\n`);
      chmodSync(file, 0o755);
      const test = `${completionScript('bash', 'sluicectl')}
COMP_WORDS=(sluicectl drain gw); COMP_CWORD=2; _sluicectl; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const env = { ...process.env, PATH: `${bin}:${process.env.PATH ?? ''}` };
      const out = execFileSync('bash', ['-c', test], { env, encoding: 'utf8' });
      expect(out.split('\n')).toEqual(['words', '[__complete]', '[--]', '[drain]', '[gw]', '']);
    } finally {
      rmSync(bin, { recursive: true });
    }
  });
});
