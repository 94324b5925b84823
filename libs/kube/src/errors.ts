/** What can go wrong with a request to the API server. */
import { ProtocolError, RemoteError, TransportError } from '@sluice/core';

/** metav1.Status of a failed request; every field may be missing. */
export interface StatusBody {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly name?: string;
    readonly kind?: string;
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly {
      readonly reason?: string;
      readonly message?: string;
      readonly field?: string;
    }[];
  };
}

/** Trying the same request again can help; for 409 after reading the object anew. */
const retryableStatus = new Set([408, 409, 429, 500, 502, 503, 504]);

/** The API server answered with an error status. Code SLUICE_KUBE_REFUSED. */
export class KubeRefusedError extends RemoteError {
  /** HTTP status. */
  readonly status: number;
  /** metav1.StatusReason, such as NotFound or Conflict; empty if the server gave none. */
  readonly reason: string;
  readonly details: NonNullable<StatusBody['details']>;

  constructor(request: string, status: number, body: StatusBody) {
    super('SLUICE_KUBE_REFUSED', {
      message: `${request}: ${status} ${body.message ?? body.reason ?? 'without explanation'}`,
      retryable: retryableStatus.has(status),
    });
    this.status = status;
    this.reason = body.reason ?? '';
    this.details = body.details ?? {};
  }

  /** What the server asks to wait before the next try, in milliseconds. */
  get retryAfterMs(): number | undefined {
    const seconds = this.details.retryAfterSeconds;
    return seconds === undefined ? undefined : seconds * 1000;
  }
}

export const unreachable = (request: string, cause: unknown): TransportError =>
  new TransportError('SLUICE_KUBE_UNREACHABLE', {
    message: `${request}: the API server does not answer`,
    cause,
  });

export const notKubernetes = (request: string, cause?: unknown): ProtocolError =>
  new ProtocolError('SLUICE_KUBE_PROTOCOL', {
    message: `${request}: the answer is not JSON of Kubernetes`,
    cause,
  });

const hasStatus = (error: unknown, status: number): error is KubeRefusedError =>
  error instanceof KubeRefusedError && error.status === status;

export const isNotFound = (error: unknown): error is KubeRefusedError => hasStatus(error, 404);

/** Somebody else changed the object since it was read, or fields belong to another manager. */
export const isConflict = (error: unknown): error is KubeRefusedError =>
  hasStatus(error, 409) && error.reason !== 'AlreadyExists';

export const isAlreadyExists = (error: unknown): error is KubeRefusedError =>
  hasStatus(error, 409) && error.reason === 'AlreadyExists';

/** The resource version is too old for the server's history: list again. */
export const isExpired = (error: unknown): error is KubeRefusedError =>
  hasStatus(error, 410) || (error instanceof KubeRefusedError && error.reason === 'Expired');

/** The server has not seen this resource version: it lags, or its store was restored from a backup. */
export const isTooLargeVersion = (error: unknown): error is KubeRefusedError =>
  error instanceof KubeRefusedError &&
  error.details.causes?.some(({ reason }) => reason === 'ResourceVersionTooLarge') === true;
