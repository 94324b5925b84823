/** Why a node cannot do its work now, in the words that its conditions, events and log lines use. */
import { type Reason } from '@sluice/kube';
import { describeError, SluiceError } from '@sluice/core';

export type ProblemReason = Extract<
  Reason,
  | 'OVSUnavailable'
  | 'OVSTooOld'
  | 'OVSRefused'
  | 'UplinkMissing'
  | 'UplinkDown'
  | 'UplinkAddressMissing'
  | 'UnderlayMissing'
  | 'MarkCollision'
  | 'ProgrammingFailed'
>;

export interface Problem {
  readonly reason: ProblemReason;
  /** What, where, and what to do. */
  readonly message: string;
}

/** A problem that stops a pass. */
export class NodeProblem extends Error implements Problem {
  constructor(
    readonly reason: ProblemReason,
    message: string,
  ) {
    super(message);
    this.name = 'NodeProblem';
  }
}

/** Any error as a problem: what is not known better is a failure to program the node. */
export function problemOf(error: unknown): Problem {
  if (error instanceof NodeProblem) return { reason: error.reason, message: error.message };
  const message = describeError(error);
  if (error instanceof SluiceError) {
    if (error.code === 'SLUICE_OVS_UNAVAILABLE') return { reason: 'OVSUnavailable', message };
    if (error.code === 'SLUICE_MARK_COLLISION') return { reason: 'MarkCollision', message };
    if (error.code === 'SLUICE_OVS_REFUSED') return { reason: 'OVSRefused', message };
  }
  return { reason: 'ProgrammingFailed', message };
}
