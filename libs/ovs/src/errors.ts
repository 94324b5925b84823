/**
 * Errors of the Open vSwitch client. The library stands alone: adapters wrap these in the errors of their program.
 * One registry of codes; a new code is one more line here.
 */
export const ovsErrorCodes = {
  OVS_CODEC_MALFORMED: 'Bytes from the peer are not a well-formed message of its protocol.',
  OVS_CODEC_UNENCODABLE: 'A flow, group or message cannot be written: prerequisite, width or mask is wrong.',
  OVS_TEXT_SYNTAX:
    'The text of a flow, group or meter is not understood; the message says at which character.',
  OVS_UNAVAILABLE: 'Nobody answers on a socket of Open vSwitch, or the connection broke; try again.',
  OVS_TIMEOUT: 'Open vSwitch did not answer a request in time; the connection was given up.',
  OVS_VERSION_REFUSED: 'The bridge does not speak OpenFlow 1.5; add OpenFlow15 to its protocols.',
  OVS_OPENFLOW_REFUSED:
    'The switch refused a message; the text names it and the reason. Nothing of its bundle was applied.',
  OVS_DATABASE_REFUSED:
    'ovsdb-server refused a transaction (RFC 7047 section 3.1); nothing of it was applied.',
  OVS_DATABASE_PROTOCOL: 'ovsdb-server answered with something that RFC 7047 does not allow.',
  OVS_COMMAND_REFUSED: 'A daemon of Open vSwitch refused a control command; the message carries its words.',
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
    override readonly code: 'OVS_CODEC_MALFORMED' | 'OVS_CODEC_UNENCODABLE' = 'OVS_CODEC_MALFORMED',
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
