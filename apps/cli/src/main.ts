#!/usr/bin/env node
/**
 * `sluicectl`: the state of Sluice on one screen, and what an operator asks of it. By other names it is a plugin of kubectl:
 * `kubectl-sluice`, and `kubectl_complete-sluice`, which kubectl calls for completion.
 */
import { basename } from 'node:path';
import { describeError } from '@sluice/core';
import { CommanderError } from 'commander';
import { completeCommand } from './completion/scripts.js';
import { exitCodeOf } from './failure.js';
import { exitCodes } from './exit-codes.js';
import { sluicectl } from './program.js';

const calledAs = basename(process.argv[1] ?? '');
const print = (text: string): void => void process.stdout.write(`${text}\n`);

async function run(): Promise<void> {
  const words = process.argv.slice(2);
  if (calledAs === 'kubectl_complete-sluice') {
    await sluicectl(print).parseAsync([completeCommand, '--', ...words], { from: 'user' });
    // Cobra's ShellCompDirectiveNoFileComp.
    print(':4');
    return;
  }
  const name = calledAs === 'kubectl-sluice' ? 'kubectl sluice' : 'sluicectl';
  await sluicectl(print, name).parseAsync(words, { from: 'user' });
}

try {
  await run();
} catch (error) {
  // Commander has printed its own.
  if (!(error instanceof CommanderError)) console.error(`sluicectl: ${describeError(error)}`);
  process.exitCode = exitCodeOf(error);
}
process.exitCode ??= exitCodes.ok;
