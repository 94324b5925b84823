/** Which answer belongs to which request: by transaction id, until the answer is complete or the connection ends. */
import { OvsError } from '../errors.js';
import { type ErrorMessage, type Message } from '../openflow/messages.js';

/** What waits for the messages of one xid. */
export interface Waiter {
  /** The parts of the answer are given as they came. */
  readonly asBytes?: boolean;
  /** True: the answer is complete. */
  readonly take: (message: Message) => boolean;
  readonly fail: (error: OvsError) => void;
}

export const refusal = ({ name }: ErrorMessage, what: string): OvsError =>
  new OvsError('OVS_OPENFLOW_REFUSED', { message: `the switch refused ${what}: ${name}` });

export class Requests {
  readonly #waiting = new Map<number, Waiter>();
  #last = 0;

  /** A transaction id that no request uses, below those of bundles; 0 is for messages without answer. */
  next(): number {
    this.#last = this.#last === 0x7fff_ffff ? 1 : this.#last + 1;
    return this.#last;
  }

  wait(xid: number, waiter: Waiter): void {
    this.#waiting.set(xid, waiter);
  }

  /** Nobody waits for it any more. */
  forget(xid: number): void {
    this.#waiting.delete(xid);
  }

  wantsBytes(xid: number): boolean {
    return this.#waiting.get(xid)?.asBytes === true;
  }

  /** False: nobody waits for this xid. */
  deliver(xid: number, message: Message): boolean {
    const waiter = this.#waiting.get(xid);
    if (waiter === undefined) return false;
    if (waiter.take(message)) this.#waiting.delete(xid);
    return true;
  }

  failAll(error: OvsError): void {
    const waiters = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { fail } of waiters) fail(error);
  }
}
