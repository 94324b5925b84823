/**
 * Tells the uplink about addresses that this gateway has begun to hold, and tells it again, since a frame may be lost
 * and a switch may learn late: after 0, 0.1, 1 and 5 seconds.
 */
import { type Clock } from '@sluice/core';
import { announcement } from '../frames/announcement.js';

const repeatsMs = [0, 100, 1000, 5000] as const;
/** Frames between which the event loop turns. */
const atOnce = 256;

interface Announcement {
  readonly address: string;
  readonly frame: Uint8Array;
}

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
    const { mac } = this;
    const frames = addresses.map((address) => ({ address, frame: announcement(mac, address) }));
    for (const delayMs of repeatsMs) this.later(delayMs, () => this.send(frames));
  }

  /** Thousands of frames leave in parts: the slot protocol must not wait for them. */
  private send(frames: readonly Announcement[]): void {
    const now = frames.slice(0, atOnce).filter(({ address }) => this.held.has(address));
    this.options.send(now.map(({ frame }) => frame));
    if (frames.length > atOnce) this.later(0, () => this.send(frames.slice(atOnce)));
  }

  private later(ms: number, work: () => void): void {
    const id = Symbol();
    const cancel = this.options.clock.after(ms, () => {
      this.timers.delete(id);
      work();
    });
    this.timers.set(id, cancel);
  }
}
