/** Which exit code an error gets. */
import { ConfigError, type ErrorCode, SluiceError } from '@sluice/core';
import { CommanderError } from 'commander';
import { exitCodes } from './exit-codes.js';

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const byCode: Readonly<Partial<Record<ErrorCode, ExitCode>>> = {
  SLUICE_DRAIN_REFUSED: exitCodes.refused,
  SLUICE_WAIT_TIMEOUT: exitCodes.timeout,
};

export function exitCodeOf(error: unknown): ExitCode {
  // Help and --version end by an error, too, with exit code 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (!(error instanceof SluiceError)) throw error;
  return byCode[error.code] ?? (error instanceof ConfigError ? exitCodes.usage : exitCodes.unreachable);
}
