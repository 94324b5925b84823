/**
 * Tells the uplink about addresses that this gateway has begun to hold, and tells it again, since a frame may be lost
 * and a switch may learn late: after 0, 0.1, 1 and 5 seconds.
 */
import { type Clock, Timers } from '@sluice/core';
import { announcement } from '../frames/announcement.js';

const repeatsMs = [100, 1000, 5000] as const;
/** A process whose timer is so late stood still, and may have been taken for dead. */
const stallMs = 100;
/** Until it has heard whether it still holds what it held. */
const hearingMs = 500;
/** Frames between which the event loop turns: at first the uplink waits for them, later the slot protocol does. */
const atOnce = { first: 4096, again: 256 } as const;

export interface AnnouncerOptions {
  readonly clock: Clock;
  /** Sends frames out of the uplink; frames that cannot be sent now are lost. */
  readonly send: (frames: readonly Uint8Array[]) => void;
}

export class Announcer {
  private held: ReadonlySet<string> = new Set();
  private mac = '';
  /** By address, with `mac`. */
  private frames: ReadonlyMap<string, Uint8Array> = new Map();
  private readonly timers: Timers;
  /** Repeats that are to come. */
  private repeats = 0;
  private watches = false;
  private stoodAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: AnnouncerOptions) {
    this.timers = new Timers(options.clock);
  }

  /** Addresses that may come to be held: their frames are made now, and not when the uplink waits for them. */
  prepare(mac: string, addresses: readonly string[]): void {
    const known = mac === this.mac ? this.frames : new Map<string, Uint8Array>();
    if (mac !== this.mac) this.held = new Set();
    this.mac = mac;
    this.frames = new Map(
      addresses.map((address) => [address, known.get(address) ?? announcement(mac, address)]),
    );
  }

  /** Of the prepared addresses, those that are held and programmed now; those that are new are announced. */
  hold(addresses: readonly string[]): void {
    const fresh = addresses.filter((address) => !this.held.has(address));
    this.held = new Set(addresses);
    if (fresh.length > 0) this.announce(fresh);
  }

  /** As if they were new, of those that are held. */
  again(addresses: readonly string[]): void {
    if (addresses.length > 0) this.announce(addresses);
  }

  stop(): void {
    this.timers.cancel();
  }

  private announce(addresses: readonly string[]): void {
    this.send(addresses, atOnce.first);
    for (const delayMs of repeatsMs) this.repeat(addresses, delayMs);
  }

  private repeat(addresses: readonly string[], delayMs: number): void {
    this.repeats++;
    this.watchOver();
    this.inTime(delayMs, () => {
      this.repeats--;
      if (this.now - this.stoodAt >= hearingMs) this.send(addresses, atOnce.again);
      else this.repeat(addresses, hearingMs);
    });
  }

  /** As long as something is to be repeated, a process that stands still is noticed. */
  private watchOver(): void {
    if (this.watches || this.repeats === 0) return;
    this.watches = true;
    this.inTime(stallMs, () => {
      this.watches = false;
      this.watchOver();
    });
  }

  private inTime(delayMs: number, call: () => void): void {
    const due = this.now + delayMs;
    this.timers.after(delayMs, () => {
      if (this.now - due >= stallMs) this.stoodAt = this.now;
      call();
    });
  }

  private get now(): number {
    return this.options.clock.monotonicMs();
  }

  private send(addresses: readonly string[], part: number): void {
    const now = addresses.slice(0, part).filter((address) => this.held.has(address));
    this.options.send(now.flatMap((address) => this.frames.get(address) ?? []));
    if (addresses.length > part) this.timers.after(0, () => this.send(addresses.slice(part), part));
  }
}
