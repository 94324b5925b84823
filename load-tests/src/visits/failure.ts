/** Why a visit failed, in words that a report can count. */

export const failureKinds = [
  'refused',
  'reset',
  'unreachable',
  'connect timeout',
  'answer timeout',
  'cut off',
  'bad answer',
  'generator',
  'other',
] as const;
/** `cut off`: closed without an answer. `generator`: this side had no port or no file left, so nothing is said of the other. */
export type FailureKind = (typeof failureKinds)[number];

export interface Failure {
  readonly kind: FailureKind;
  /** As the system says it. */
  readonly detail: string;
}

/** Something answered, and it is no backend of these tests. */
export class BadAnswer extends Error {
  override readonly name = 'BadAnswer';
}

export class CutOff extends Error {
  override readonly name = 'CutOff';
}

const kinds: Readonly<Record<string, FailureKind>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ETIMEDOUT: 'connect timeout',
  EADDRNOTAVAIL: 'generator',
  EADDRINUSE: 'generator',
  EMFILE: 'generator',
  ENFILE: 'generator',
  ENOBUFS: 'generator',
};

interface SystemError extends Error {
  readonly code?: string;
  readonly syscall?: string;
}

function kindOf(error: SystemError): FailureKind {
  if (error instanceof BadAnswer) return 'bad answer';
  if (error instanceof CutOff) return 'cut off';
  const { code = '', syscall } = error;
  // The parser of Node's HTTP client.
  if (code.startsWith('HPE_')) return 'bad answer';
  // Node's HTTP client says so when the other side closed in order, but too early; a reset comes from the system.
  if (code === 'ECONNRESET' && syscall === undefined) return 'cut off';
  return kinds[code] ?? 'other';
}

export const failureOf = (error: SystemError): Failure => ({ kind: kindOf(error), detail: error.message });
