/** The port to what decides which slots are open on this gateway. */
import { type GlobalSlot, type SlotView, type Uplink } from '@sluice/model';
import { type Gate } from './gate.js';

export interface SlotKeeper {
  start(): void;
  /** Leaves the gate as it is: the next process adopts it. */
  stop(): Promise<void>;
  /**
   * As `update`, once and before it: only what a process before left open goes on, since the flows of nothing else are
   * known to be in the switch yet. To compare many of them takes longer than a gate lasts.
   */
  adopt(view: SlotView, uplink: Pick<Uplink, 'interface' | 'mac'>): Promise<void>;
  /**
   * What the cluster says, whenever it says it; the compiled flows of its slots are in the switch. `uplink`: the
   * gateway's own.
   */
  update(view: SlotView, uplink: Pick<Uplink, 'interface' | 'mac'>): void;
  /** The switch lost its state or came back. */
  switchChanged(): void;
  /** Slots that this gateway carries and answers for. */
  readonly open: ReadonlySet<GlobalSlot>;
  onChange(listener: () => void): void;
}

/** The part of a view whose slots the gate still passes traffic for; undefined: of none. */
export async function leftOpen(
  gate: Pick<Gate, 'gateEntries'>,
  view: SlotView,
): Promise<SlotView | undefined> {
  // On a new node there is no bridge yet that could have a gate.
  const entries = await gate.gateEntries().catch(() => []);
  const left = new Set(entries.filter(({ form }) => form !== 'armed').map(({ slot }) => slot));
  const slots = view.slots.filter(({ slot }) => left.has(slot));
  return slots.length === 0 ? undefined : { ...view, slots };
}
