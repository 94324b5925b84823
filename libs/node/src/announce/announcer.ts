/**
 * Tells the uplink about addresses that this gateway has begun to hold, and tells it again, since a frame may be lost
 * and a switch may learn late: after 0, 0.1, 1 and 5 seconds.
 */
import { type Clock } from '@sluice/core';
import { announcement } from '../frames/announcement.js';

const repeatsMs = [0, 100, 1000, 5000] as const;

export interface AnnouncerOptions {
  readonly clock: Clock;
  /** Sends frames out of the uplink; frames that cannot be sent now are lost. */
  readonly send: (frames: readonly Uint8Array[]) => void;
}

export class Announcer {
  private held: ReadonlySet<string> = new Set();
  private mac = '';
  private readonly timers = new Map<symbol, () => void>();

  constructor(private readonly options: AnnouncerOptions) {}

  /** The addresses that are held and programmed now; those that are new are announced. */
  hold(mac: string, addresses: readonly string[]): void {
    const fresh = mac === this.mac ? addresses.filter((address) => !this.held.has(address)) : addresses;
    this.held = new Set(addresses);
    this.mac = mac;
    if (fresh.length > 0) this.announce(fresh);
  }

  /** After an interruption of the uplink: everything again. */
  again(): void {
    if (this.held.size > 0) this.announce([...this.held]);
  }

  stop(): void {
    for (const cancel of this.timers.values()) cancel();
    this.timers.clear();
  }

  private announce(addresses: readonly string[]): void {
    for (const delayMs of repeatsMs) {
      const id = Symbol();
      const cancel = this.options.clock.after(delayMs, () => {
        this.timers.delete(id);
        const still = addresses.filter((address) => this.held.has(address));
        this.options.send(still.map((address) => announcement(this.mac, address)));
      });
      this.timers.set(id, cancel);
    }
  }
}
