/** The cluster's slot map as a model: slot → holder and epoch, never to a lower epoch, with compare-and-swap. */
import { type Recorded } from '../protocol/events.js';
import { type GatewayName, type SlotId } from '../store.js';

export class MapModel {
  private readonly entries = new Map<SlotId, Recorded>();

  get(slot: SlotId): Recorded | undefined {
    return this.entries.get(slot);
  }

  record(slot: SlotId, { holder, epoch, previous }: Recorded): boolean {
    const before = this.entries.get(slot);
    if (before !== undefined && before.epoch > epoch) return false;
    if (before?.epoch === epoch && before.holder === holder && before.previous === previous) return false;
    this.entries.set(slot, { holder, epoch, previous });
    return true;
  }

  /** Takes a gateway's name away where it stands as the previous holder. */
  withdraw(slot: SlotId, gateway: GatewayName): boolean {
    const before = this.entries.get(slot);
    if (before?.previous !== gateway) return false;
    this.entries.set(slot, { ...before, previous: undefined });
    return true;
  }

  /** True if the entry still had the epoch that was read. */
  claim(slot: SlotId, epochRead: number, next: Recorded): boolean {
    if ((this.entries.get(slot)?.epoch ?? 0) !== epochRead) return false;
    return this.record(slot, next);
  }
}
