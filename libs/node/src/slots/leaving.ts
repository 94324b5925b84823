/**
 * Slots that were handed over, and that this gateway still serves: counts their connections until none is left. A dump of
 * a large table takes its time, so the next one waits twenty times as long as the last one took.
 */
import { type Clock, describeError, type Logger } from '@sluice/core';
import { type GlobalSlot } from '@sluice/model';
import { ConnectionsLeft } from './connections-left.js';

export interface LeavingOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The gateway's zone of conntrack with its timeouts, as Open vSwitch writes it. */
  readonly dump: () => Promise<string>;
  /** Slots that no connection is left of. */
  readonly onUnused: (slots: ReadonlySet<GlobalSlot>) => void;
}

/** Slot → its addresses, canonical. */
export type LeavingSlots = ReadonlyMap<GlobalSlot, readonly string[]>;

const periodMs = 2000;
const restFactor = 20;

export class Leaving {
  private slots: LeavingSlots = new Map();
  private readonly left = new ConnectionsLeft();
  private cancel: (() => void) | undefined;
  private counting = false;
  private count = 0;

  constructor(private readonly options: LeavingOptions) {}

  /** Connections of all slots that are being left, when they were counted last. */
  get connections(): number {
    return this.count;
  }

  update(slots: LeavingSlots): void {
    this.slots = slots;
    if (slots.size === 0) this.count = 0;
    else if (this.cancel === undefined && !this.counting) this.again(periodMs);
  }

  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
    this.slots = new Map();
  }

  private again(delayMs: number): void {
    this.cancel = this.options.clock.after(delayMs, () => {
      this.cancel = undefined;
      void this.look();
    });
  }

  private async look(): Promise<void> {
    const { clock, logger } = this.options;
    this.counting = true;
    const started = clock.monotonicMs();
    try {
      this.counted(await this.options.dump());
    } catch (error) {
      logger.debug({ error: describeError(error) }, 'connections were not counted');
    }
    this.counting = false;
    const took = clock.monotonicMs() - started;
    if (this.slots.size > 0) this.again(Math.max(periodMs, restFactor * took));
  }

  private counted(dump: string): void {
    const slots = [...this.slots];
    const addresses = new Set(slots.flatMap(([, ofSlot]) => ofSlot));
    const counts = this.left.count(dump, addresses, this.options.clock.monotonicMs());
    this.count = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const unused = slots.filter(([, ofSlot]) => ofSlot.every((address) => !counts.has(address)));
    if (unused.length > 0) this.options.onUnused(new Set(unused.map(([slot]) => slot)));
  }
}
