/**
 * Tells the uplink about addresses that this gateway has begun to hold, and tells it again, since a frame may be lost
 * and a switch may learn late: after 0, 0.1, 1 and 5 seconds.
 */
import { type Clock } from '@sluice/core';
import { type Action } from '@sluice/ovs';
import { type Announcement, announcement, announcementChanges } from '../frames/announcement.js';

const repeatsMs = [100, 1000, 5000] as const;
/** Addresses in one message to the switch, which has less to do for another address than for another message. */
const perMessage = 64;
/** Addresses between which the event loop turns: at first the uplink waits for them, later the slot protocol does. */
const atOnce = { first: 4096, again: 256 } as const;

export interface AnnouncerOptions {
  readonly clock: Clock;
  /** Sends them out of the uplink; what cannot be sent now is lost. */
  readonly send: (announcements: readonly Announcement[]) => void;
}

interface Prepared {
  readonly isIpv6: boolean;
  readonly frame: Uint8Array;
  readonly changes: readonly Action[];
}

const prepared = (mac: string, address: string): Prepared => ({
  isIpv6: address.includes(':'),
  frame: announcement(mac, address),
  changes: announcementChanges(address),
});

/** Of one family. */
function* together(all: readonly Prepared[]): Generator<Announcement> {
  for (let from = 0; from < all.length; from += perMessage) {
    const [first, ...rest] = all.slice(from, from + perMessage);
    if (first !== undefined) yield { frame: first.frame, others: rest.map(({ changes }) => changes) };
  }
}

export class Announcer {
  private held: ReadonlySet<string> = new Set();
  private mac = '';
  /** By address, with `mac`. */
  private known: ReadonlyMap<string, Prepared> = new Map();
  private readonly timers = new Map<symbol, () => void>();

  constructor(private readonly options: AnnouncerOptions) {}

  /** Addresses that may come to be held: what says so is made now, and not when the uplink waits for it. */
  prepare(mac: string, addresses: readonly string[]): void {
    const known = mac === this.mac ? this.known : new Map<string, Prepared>();
    if (mac !== this.mac) this.held = new Set();
    this.mac = mac;
    this.known = new Map(addresses.map((address) => [address, known.get(address) ?? prepared(mac, address)]));
  }

  /** Of the prepared addresses, those that are held and programmed now; those that are new are announced. */
  hold(addresses: readonly string[]): void {
    const fresh = addresses.filter((address) => !this.held.has(address));
    this.held = new Set(addresses);
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
    this.send(addresses, atOnce.first);
    for (const delayMs of repeatsMs) this.later(delayMs, () => this.send(addresses, atOnce.again));
  }

  private send(addresses: readonly string[], part: number): void {
    const now = addresses.slice(0, part).filter((address) => this.held.has(address));
    const all = now.flatMap((address) => this.known.get(address) ?? []);
    this.options.send(
      [false, true].flatMap((isIpv6) => [...together(all.filter((entry) => entry.isIpv6 === isIpv6))]),
    );
    if (addresses.length > part) this.later(0, () => this.send(addresses.slice(part), part));
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
