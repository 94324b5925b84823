/** The cluster's slot map as a model: slot → holder and epoch, never to a lower epoch, with compare-and-swap. */
import { type GatewayName, type SlotId } from '../store.js';

export interface Recorded {
  readonly holder: GatewayName;
  readonly epoch: number;
}

export class MapModel {
  private readonly entries = new Map<SlotId, Recorded>();

  get(slot: SlotId): Recorded | undefined {
    return this.entries.get(slot);
  }

  record(slot: SlotId, { holder, epoch }: Recorded): boolean {
    if ((this.entries.get(slot)?.epoch ?? 0) >= epoch) return false;
    this.entries.set(slot, { holder, epoch });
    return true;
  }

  /** True if the entry still had the epoch that was read. */
  claim(slot: SlotId, epochRead: number, next: Recorded): boolean {
    if ((this.entries.get(slot)?.epoch ?? 0) !== epochRead) return false;
    return this.record(slot, next);
  }
}
