/** What the parts of one gateway's machine share. */
import { type SlotTimes } from '../constants.js';
import { type GatewayName, type SlotId } from '../store.js';
import { type SlotEffect } from './effects.js';
import { type Observer } from './observe.js';
import { type SlotRecord } from './slot-record.js';

export interface MachineSettings {
  readonly self: GatewayName;
  /** Of this process, 48 bits; marks the entries that it armed. */
  readonly incarnation: number;
  readonly times: SlotTimes;
  /** A gateway that came back gets its share only when it has been there for so long. */
  readonly holdDownMs: number;
  readonly maxConcurrentMoves: number;
  /** How long a former holder serves the connections that it knows. */
  readonly drainMs: number;
}

/** Agents that have not heard of the move, or of its end, still send packets to the former holder for so long, or a part of the drain. */
const settleMs = 5000;
const settlePart = 0.25;

/** Until agents have heard of a change of the map, milliseconds. */
export const settlingMs = ({ drainMs }: Pick<MachineSettings, 'drainMs'>): number =>
  Math.min(settleMs, settlePart * drainMs);

export interface MachineContext {
  readonly settings: MachineSettings;
  readonly slots: ReadonlyMap<SlotId, SlotRecord>;
  readonly observer: Observer;
  readonly emit: (effect: SlotEffect) => void;
  /** The switch and the uplink work. */
  readonly isFit: () => boolean;
  readonly draining: () => ReadonlySet<GatewayName>;
}

/** Deletes entries; with `release`, gives those back that this gateway holds. */
export function closeSlots(
  { emit }: MachineContext,
  records: readonly SlotRecord[],
  { now, release }: { readonly now: number; readonly release: boolean },
): void {
  if (records.length === 0) return;
  const epochs = new Map(
    release ? records.flatMap(({ slot, gate }) => (gate?.form === 'open' ? [[slot, gate.epoch]] : [])) : [],
  );
  emit({ type: 'close', slots: records.map(({ slot }) => slot), release: epochs });
  for (const record of records) record.willBe(undefined, now);
}
