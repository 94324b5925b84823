/** Which exit code an error gets. */
import { ConfigError, SluiceError } from '@sluice/core';
import { CommanderError } from 'commander';
import { exitCodes } from './exit-codes.js';

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export function exitCodeOf(error: unknown): ExitCode {
  // Help and --version end by an error, too, with exit code 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof ConfigError) return exitCodes.usage;
  if (error instanceof SluiceError) return exitCodes.unreachable;
  throw error;
}
