/** What a holder does again and again: it extends its entries, and tells the cluster's map what it holds. */
import { type GatewayName } from '../store.js';
import { type MachineContext, type MachineSettings, settlingMs } from './context.js';
import { type Modification } from './effects.js';
import { type GateState } from './gate-form.js';
import { type SlotRecord } from './slot-record.js';

/** Between two writes of the same into the cluster's map. */
const recordEveryMs = 1000;

/**
 * The former holder withdraws when its time is over, agents pass its connections on when they have heard of it, and serves
 * what it knows for twice as long as this. Who hears of it asks for so long, and who does not begins so long before.
 */
const partingMs = (settings: Pick<MachineSettings, 'drainMs'>): number => settlingMs(settings) / 2;

/** Until when a holder that opens at `now` asks the former one, if it hears nothing of it. */
export const sharedUntil = (settings: Pick<MachineSettings, 'drainMs'>, now: number): number =>
  now + settings.drainMs + partingMs(settings);

export class Upkeep {
  private extendedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly context: MachineContext) {}

  /** All at once every K; at once when an entry is to say something else. */
  extend(records: readonly SlotRecord[], now: number): void {
    const due = now - this.extendedAt >= this.context.settings.times.extendMs;
    const entries = records.flatMap((record): Modification[] => {
      const { gate, slot } = record;
      if (gate === undefined || gate.form === 'armed') return [];
      const { form } = gate;
      const next = { ...gate, ...this.sharing(record, gate, now), epoch: this.epoch(record, gate) };
      const { other, parting, epoch } = next;
      const isSame = other === gate.other && parting === gate.parting && epoch === gate.epoch;
      if (!due && isSame) return [];
      record.gate = next;
      return [{ slot, form, epoch, other, parting }];
    });
    if (due) this.extendedAt = now;
    if (entries.length > 0) this.context.emit({ type: 'modify', entries });
  }

  /** Before they are due. */
  extendNow(records: readonly SlotRecord[], now: number): void {
    this.extendedAt = Number.NEGATIVE_INFINITY;
    this.extend(records, now);
  }

  /** Whom the entry names, and whether that one's time is over or about to be. */
  private sharing(record: SlotRecord, { form, other }: GateState, now: number) {
    if (form === 'retiring' || other === undefined) return { other, parting: false };
    const { settings } = this.context;
    const part = partingMs(settings);
    // Adopted: nobody knows since when.
    record.sharedUntil ??= sharedUntil(settings, now);
    if (hasWithdrawn(record, settings.self)) record.sharedUntil = Math.min(record.sharedUntil, now + part);
    if (now >= record.sharedUntil) return { other: undefined, parting: false };
    return { other, parting: now >= record.sharedUntil - 2 * part };
  }

  private epoch({ entry }: SlotRecord, { form, epoch }: GateState): number {
    const own = form === 'open' && entry?.holder === this.context.settings.self;
    return own ? Math.max(epoch, entry.epoch) : epoch;
  }

  /** Until the cluster's map says what is; a new holding at once, so that row 13 can ask the map about it. */
  record(now: number): void {
    const { settings, slots, emit } = this.context;
    const due = [...slots.values()].filter((record) => {
      const { gate, isIdle, written } = record;
      if (!isIdle || gate?.form !== 'open' || gate.epoch === 0) return false;
      if (isRecorded(record, gate, settings.self)) return false;
      const isSame = written?.epoch === gate.epoch && written.other === gate.other;
      return !isSame || now - written.at >= recordEveryMs;
    });
    const holdings = due.flatMap((record) => {
      if (record.gate === undefined) return [];
      const { epoch, other } = record.gate;
      record.written = { epoch, other, at: now };
      return [[record.slot, { epoch, previous: other }] as const];
    });
    if (holdings.length > 0) emit({ type: 'record', slots: new Map(holdings) });
  }
}

/** The map says it, or knows better. A name that was taken out of it stays out. */
function isRecorded(record: SlotRecord, { epoch, other }: GateState, self: GatewayName): boolean {
  const { recorded } = record.duty;
  if ((recorded?.epoch ?? 0) > epoch) return true;
  if (recorded?.holder !== self || recorded.epoch !== epoch) return false;
  return recorded.previous === other || hasWithdrawn(record, self);
}

/** The map names the former holder together with the epoch, until that one takes its name out. */
const hasWithdrawn = ({ gate, duty: { recorded } }: SlotRecord, self: GatewayName): boolean =>
  gate?.form === 'open' &&
  gate.other !== undefined &&
  recorded?.holder === self &&
  recorded.epoch === gate.epoch &&
  recorded.previous === undefined;
