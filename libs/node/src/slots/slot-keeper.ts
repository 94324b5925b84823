/** The port to what decides which slots are open on this gateway. */
import { type GlobalSlot, type SlotView, type Uplink } from '@sluice/model';

export interface SlotKeeper {
  start(): void;
  /** Leaves the gate as it is: the next process adopts it. */
  stop(): Promise<void>;
  /**
   * What the cluster says, whenever it says it; the compiled flows of its slots are in the switch. `uplink`: the
   * gateway's own.
   */
  update(view: SlotView, uplink: Pick<Uplink, 'interface' | 'mac'>): void;
  /** The switch lost its state or came back. */
  switchChanged(): void;
  /** Slots that this gateway carries and answers for. */
  readonly open: ReadonlySet<GlobalSlot>;
  /** How many slots it has handed over and still carries packets of. */
  readonly leaving: number;
  /** Of `open` and `leaving`. */
  onChange(listener: () => void): void;
  /** A gateway is back from which these open slots were taken: neighbours are to be told again who has them. */
  onAnnounceAgain(listener: (slots: ReadonlySet<GlobalSlot>) => void): void;
}
