/** The port to what decides which slots are open on this gateway. */
import { type GlobalSlot, type SlotView } from '@sluice/model';

export interface SlotKeeper {
  start(): void;
  /** Leaves the gate as it is: the next process adopts it. */
  stop(): Promise<void>;
  /**
   * What the cluster says, whenever it says it; the compiled flows of its slots are in the switch. `uplinkMac`: the
   * gateway's own.
   */
  update(view: SlotView, uplinkMac: string): void;
  /** The switch lost its state or came back. */
  switchChanged(): void;
  /** Slots that this gateway carries and answers for. */
  readonly open: ReadonlySet<GlobalSlot>;
  onChange(listener: () => void): void;
}
