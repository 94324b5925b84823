import { describe, expect, it } from '@jest/globals';
import { ConfigError, RemoteError, TransportError } from '@sluice/core';
import { CommanderError } from 'commander';
import { readFileSync } from 'node:fs';
import { exitCodeOf } from './failure.js';
import { sluicectl } from './program.js';

async function run(...args: readonly string[]): Promise<readonly string[]> {
  const printed: string[] = [];
  const program = sluicectl((text) => printed.push(text));
  for (const command of [program, ...program.commands])
    command.configureOutput({ writeOut: (text) => printed.push(text), writeErr: () => undefined });
  await program.parseAsync([...args], { from: 'user' });
  return printed;
}

const failure = (...args: readonly string[]): Promise<unknown> =>
  run(...args).then(
    () => undefined,
    (error: unknown) => error,
  );

describe('sluicectl', () => {
  it('has the version of the package', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string };
    expect(await run('version', '--client')).toEqual([`sluicectl ${version}`]);
  });

  it.each([
    ['nonsense'],
    ['status', '-o', 'xml'],
    ['status', '--nonsense'],
    ['drain'],
    ['drain', 'gw-1', '--timeout', 'soon'],
    ['moves', '-n', '0'],
    ['completion', 'csh'],
  ])('refuses %s', async (...args) => {
    const error = await failure(...args);
    expect(error).toBeInstanceOf(CommanderError);
    expect(exitCodeOf(error)).toBe(2);
  });

  it('says which kubeconfig is missing', async () => {
    const error = await failure('--kubeconfig', '/nonexistent', 'status');
    expect(error).toMatchObject({ message: expect.stringContaining('/nonexistent') as unknown });
    expect(exitCodeOf(error)).toBe(2);
  });

  it.each([
    [new ConfigError('SLUICE_CONFIG_INVALID', { message: '' }), 2],
    [new TransportError('SLUICE_KUBE_UNREACHABLE', { message: '' }), 3],
    [new ConfigError('SLUICE_GATEWAY_UNKNOWN', { message: '' }), 2],
    [new ConfigError('SLUICE_DRAIN_REFUSED', { message: '' }), 4],
    [new RemoteError('SLUICE_WAIT_TIMEOUT', { message: '' }), 5],
    [new CommanderError(0, 'commander.help', ''), 0],
  ])('exits on %p with %d', (error, code) => {
    expect(exitCodeOf(error)).toBe(code);
  });

  it('does not hide its own mistakes', () => {
    expect(() => exitCodeOf(new TypeError('oops'))).toThrow('oops');
  });
});
