/**
 * Typed errors. Every error that Sluice raises carries a stable code and says whether trying again can help.
 * Sub-classes say whose fault it is; the registry of codes is `error-codes.ts`, from which the reference is made.
 */
import { type ErrorCode } from './error-codes.js';

export interface ErrorDetails {
  /** What happened, where, and what to do about it: one or two sentences for the operator. */
  readonly message: string;
  readonly cause?: unknown;
}

export abstract class SluiceError extends Error {
  abstract readonly retryable: boolean;

  constructor(
    readonly code: ErrorCode,
    details: ErrorDetails,
  ) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
  }
}

/** The operator's or user's input is wrong; only a change of it helps. */
export class ConfigError extends SluiceError {
  override readonly retryable = false;
}

/** A peer spoke in a way that its protocol does not allow. */
export class ProtocolError extends SluiceError {
  override readonly retryable = false;
}

/** A peer understood and refused. */
export class RemoteError extends SluiceError {
  override readonly retryable: boolean;

  constructor(code: ErrorCode, details: ErrorDetails & { readonly retryable?: boolean }) {
    super(code, details);
    this.retryable = details.retryable ?? false;
  }
}

/** A peer could not be reached or went away. */
export class TransportError extends SluiceError {
  override readonly retryable = true;
}

/** Sluice itself is wrong: an invariant of its own code does not hold. */
export class InternalError extends SluiceError {
  override readonly retryable = false;
}

/** The text of anything that was thrown, with its causes, on one line. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause === undefined) return error.message;
  const cause = describeError(error.cause);
  return error.message.includes(cause) ? error.message : `${error.message}: ${cause}`;
}
