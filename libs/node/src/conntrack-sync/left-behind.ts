/**
 * Connections of addresses that another gateway alone holds now. They went on there, or ended there: what this gateway
 * remembers of them is old. With the userspace datapath, which checks sequence numbers, it would drop them when the address
 * comes back, and every new connection with the same ports for as long as the entry lives, which is a day. So they are ended
 * once, each time that an address has left.
 */
import { type Clock, describeError, type Logger } from '@sluice/core';

export interface LeftBehindOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends this gateway's own connections of addresses, canonical; gives how many there were. */
  readonly end: (addresses: ReadonlySet<string>) => Promise<number>;
}

/** For what moves together; nothing passes the gate meanwhile. */
const gatherMs = 2000;

export class LeftBehind {
  private elsewhere: ReadonlySet<string> = new Set();
  /** Of them, those whose connections were ended. */
  private ended: ReadonlySet<string> = new Set();
  private cancel: (() => void) | undefined;
  private working = false;
  private stopped = false;

  constructor(private readonly options: LeftBehindOptions) {}

  /** All addresses that another gateway alone holds. */
  update(addresses: ReadonlySet<string>): void {
    this.elsewhere = addresses;
    this.ended = new Set([...this.ended].filter((address) => addresses.has(address)));
    this.again();
  }

  stop(): void {
    this.stopped = true;
    this.cancel?.();
  }

  private again(): void {
    if (this.stopped || this.working || this.cancel !== undefined) return;
    if (this.waiting().size === 0) return;
    this.cancel = this.options.clock.after(gatherMs, () => {
      this.cancel = undefined;
      void this.work();
    });
  }

  private waiting(): ReadonlySet<string> {
    return new Set([...this.elsewhere].filter((address) => !this.ended.has(address)));
  }

  private async work(): Promise<void> {
    const { end, logger } = this.options;
    const addresses = this.waiting();
    this.working = true;
    try {
      const connections = await end(addresses);
      if (connections > 0) logger.info({ connections }, 'connections that moved away are forgotten');
      // One that came back meanwhile may leave again.
      this.ended = new Set([
        ...this.ended,
        ...[...addresses].filter((address) => this.elsewhere.has(address)),
      ]);
    } catch (error) {
      logger.debug({ error: describeError(error) }, 'connections that moved away are not forgotten yet');
    }
    this.working = false;
    this.again();
  }
}
