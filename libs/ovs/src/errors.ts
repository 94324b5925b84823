/**
 * Errors of the Open vSwitch client. The library stands alone: adapters wrap these in the errors of their program.
 * One registry of codes; a new code is one more line here.
 */
export const ovsErrorCodes = {
  OVS_CODEC_MALFORMED: 'Bytes from the peer are not a well-formed message of its protocol.',
  OVS_CODEC_UNENCODABLE: 'A flow, group or message cannot be written: prerequisite, width or mask is wrong.',
  OVS_TEXT_SYNTAX:
    'The text of a flow, group or meter is not understood; the message says at which character.',
} as const;

export type OvsErrorCode = keyof typeof ovsErrorCodes;

export interface OvsErrorDetails {
  /** What happened, where, and what to do about it. */
  readonly message: string;
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

export class OvsError extends Error {
  readonly retryable: boolean;

  constructor(
    readonly code: OvsErrorCode,
    details: OvsErrorDetails,
  ) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.retryable = details.retryable ?? false;
  }
}

/** Something cannot be read from, or written to, OpenFlow's bytes. Never retryable: the same input fails again. */
export class CodecError extends OvsError {
  constructor(
    message: string,
    code: 'OVS_CODEC_MALFORMED' | 'OVS_CODEC_UNENCODABLE' = 'OVS_CODEC_MALFORMED',
  ) {
    super(code, { message });
  }
}

/** Text that is not ovs-ofctl's; `at` is the offset of the offending character in `text`. */
export class TextError extends OvsError {
  constructor(
    what: string,
    readonly text: string,
    readonly at: number,
  ) {
    super('OVS_TEXT_SYNTAX', { message: `${what} at character ${String(at + 1)} of "${text}"` });
  }
}
