/** Errors of the client of Open vSwitch in the words of Sluice. */
import { describeError, RemoteError, TransportError } from '@sluice/core';
import { OvsError } from '@sluice/ovs';

/** Ends every message about an Open vSwitch that does not answer. */
export const whatToDo =
  "check this node's Pod of the DaemonSet sluice-ovs; Sluice goes on by itself when it answers";

/**
 * Runs `work`. Throws `RemoteError` SLUICE_OVS_REFUSED for what trying again will not change, and `TransportError` SLUICE_OVS_UNAVAILABLE for
 * the rest of what goes wrong with Open vSwitch.
 */
export async function wrapped<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof OvsError)) throw cause;
    const words = describeError(cause);
    if (!cause.retryable) throw new RemoteError('SLUICE_OVS_REFUSED', { message: words, cause });
    const message = `Open vSwitch does not answer (${words}); ${whatToDo}`;
    throw new TransportError('SLUICE_OVS_UNAVAILABLE', { message, cause });
  }
}
