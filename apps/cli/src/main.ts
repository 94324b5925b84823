#!/usr/bin/env node
/** `sluicectl`: the state of Sluice on one screen. */
import { describeError } from '@sluice/core';
import { CommanderError } from 'commander';
import { exitCodeOf } from './failure.js';
import { exitCodes } from './exit-codes.js';
import { sluicectl } from './program.js';

try {
  await sluicectl((text) => process.stdout.write(`${text}\n`)).parseAsync();
} catch (error) {
  // Commander has printed its own.
  if (!(error instanceof CommanderError)) console.error(`sluicectl: ${describeError(error)}`);
  process.exitCode = exitCodeOf(error);
}
process.exitCode ??= exitCodes.ok;
