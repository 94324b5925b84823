/**
 * Planned moves (section 6 of the protocol): the holder stops answering, hands the slot over, and serves the connections
 * that it knows until they end. Nobody but the holder hands over, and only when it answers nobody any more.
 */
import { type GatewayName, type HandOverAnswer, type SlotId } from '../store.js';
import { closeSlots, type MachineContext, settlingMs } from './context.js';
import { idle, type SlotRecord } from './slot-record.js';

/** Without the hand-over the holder goes back by section 5. */
const patienceMs = 1000;

export class Moves {
  constructor(private readonly context: MachineContext) {}

  /** Begins what may begin: to a better gateway that has been there long enough, or away from a draining one. */
  plan(now: number): void {
    const { settings, slots } = this.context;
    let running = [...slots.values()].filter(
      ({ step }) => step.kind !== 'idle' && step.kind !== 'attempt',
    ).length;
    for (const record of slots.values()) {
      if (running >= settings.maxConcurrentMoves) return;
      const successor = this.successor(record, now);
      if (successor === undefined) continue;
      running++;
      this.begin(record, successor, now);
    }
  }

  retired(record: SlotRecord, ok: boolean, now: number): void {
    const { step, gate } = record;
    if (step.kind !== 'retiring') return;
    if (!ok || gate === undefined) {
      record.step = idle;
      return;
    }
    record.step = { ...step, kind: 'handing-over', retiredAt: now };
    this.context.emit({ type: 'hand-over', slot: record.slot, epoch: gate.epoch, successor: step.successor });
  }

  handedOver(record: SlotRecord, answer: HandOverAnswer | undefined, now: number): void {
    const { step } = record;
    if (step.kind !== 'handing-over') return;
    record.step = idle;
    // Whether an unanswered one came to pass shows at the next look.
    if (answer?.kind !== 'handed-over') return;
    const { emit, settings } = this.context;
    record.wrote({ holder: step.successor, epoch: answer.epoch, released: false }, now);
    record.sharedUntil = now + settings.drainMs;
    record.retiredAt = now;
    emit({
      type: 'moved',
      slots: [record.slot],
      why: 'handed-over',
      from: settings.self,
      to: step.successor,
      startedAt: step.startedAt,
      at: now,
      steps: { retired: step.retiredAt - step.startedAt, 'handed-over': now - step.startedAt },
    });
  }

  /** Hand-overs that hang, and retiring slots whose time is over, or whose withdrawal everybody has heard of. */
  expire(now: number): void {
    const closing: SlotRecord[] = [];
    const withdrawing: SlotRecord[] = [];
    for (const record of this.context.slots.values()) {
      const { step } = record;
      if (step.kind !== 'idle' && step.kind !== 'attempt' && now - step.startedAt > patienceMs)
        record.step = idle;
      const end = this.endOfRetirement(record, now);
      if (end === 'closes') closing.push(record);
      if (end === 'withdraws') withdrawing.push(record);
    }
    closeSlots(this.context, closing, { now, release: false });
    this.withdraw(withdrawing, now);
  }

  /** Undefined: it goes on, or there is none. */
  private endOfRetirement(record: SlotRecord, now: number): 'closes' | 'withdraws' | undefined {
    const { gate, withdrawnAt } = record;
    if (gate?.form !== 'retiring' || !record.isIdle) return undefined;
    record.retiredAt ??= now;
    record.sharedUntil ??= now + this.context.settings.drainMs;
    const isSettled = (since: number): boolean => now - since >= this.settlingMs;
    if (withdrawnAt !== undefined) return isSettled(withdrawnAt) ? 'closes' : undefined;
    if (this.isLeftOut(record) && isSettled(record.retiredAt)) return 'closes';
    if (record.sharedUntil > now || this.isUnheard(record)) return undefined;
    return this.isNamed(record) ? 'withdraws' : 'closes';
  }

  private get settlingMs(): number {
    return settlingMs(this.context.settings);
  }

  /** The map says that this gateway still serves connections of the slot. */
  private isNamed({ duty: { recorded } }: SlotRecord): boolean {
    return recorded?.previous === this.context.settings.self;
  }

  /**
   * The map has not heard of the move from a successor that is there: agents still send everything here, however long ago
   * it was. Of one that is not there this gateway takes the slot back, or another one does.
   */
  private isUnheard({ gate, entry, duty: { recorded } }: SlotRecord): boolean {
    if (recorded === undefined || gate === undefined || entry === undefined) return false;
    return recorded.epoch <= gate.epoch && this.context.observer.isThere(entry.holder);
  }

  /** The map says that a later holder serves the slot alone: agents have shown it the connections, and nobody asks here. */
  private isLeftOut({ gate, duty: { recorded } }: SlotRecord): boolean {
    const { self } = this.context.settings;
    if (recorded === undefined || gate === undefined || recorded.holder === self) return false;
    return recorded.epoch > gate.epoch && recorded.previous !== self;
  }

  /**
   * They are served, and their successor asks about them, until agents and successor have heard of it: connections pass on
   * to the new holder, and nothing is lost in between.
   */
  private withdraw(records: readonly SlotRecord[], now: number): void {
    if (records.length === 0) return;
    for (const record of records) record.withdrawnAt = now;
    this.context.emit({ type: 'withdraw', slots: records.map(({ slot }) => slot) });
  }

  /** The last connection has ended: the holder need not ask about the slot any more. */
  unused(slots: ReadonlySet<SlotId>, now: number): void {
    const ended = [...this.context.slots.values()].filter((record) => {
      const { slot, gate, isIdle, retiredAt, withdrawnAt } = record;
      if (!slots.has(slot) || !isIdle || gate?.form !== 'retiring' || withdrawnAt !== undefined) return false;
      // The successor has opened: it says so.
      return this.isNamed(record) && retiredAt !== undefined && now - retiredAt >= this.settlingMs;
    });
    this.withdraw(ended, now);
  }

  /**
   * The map says that this gateway still serves connections of before, and it has nothing of the slot: it died in
   * between. Said again until the map has heard it.
   */
  forgotten(now: number): void {
    const gone = [...this.context.slots.values()].filter((record) => {
      const { gate, isIdle } = record;
      const isGone = isIdle && gate === undefined && this.isNamed(record);
      record.goneSince = isGone ? (record.goneSince ?? now) : undefined;
      if (record.goneSince === undefined || now - record.goneSince < this.settlingMs) return false;
      record.goneSince = now;
      return true;
    });
    if (gone.length > 0) this.context.emit({ type: 'withdraw', slots: gone.map(({ slot }) => slot) });
  }

  private begin(record: SlotRecord, successor: GatewayName, now: number): void {
    const { gate, slot } = record;
    if (gate === undefined) return;
    record.step = { kind: 'retiring', successor, startedAt: now };
    record.willBe({ ...gate, form: 'retiring', other: successor, parting: false }, now);
    record.sharedUntil = undefined;
    record.retiredAt = undefined;
    record.withdrawnAt = undefined;
    this.context.emit({
      type: 'retire',
      entry: { slot, form: 'retiring', epoch: gate.epoch, other: successor, parting: false },
    });
  }

  private successor(record: SlotRecord, now: number): GatewayName | undefined {
    const { settings, observer, draining } = this.context;
    const { self, holdDownMs } = settings;
    const { duty, entry, gate } = record;
    if (!record.isIdle || gate?.form !== 'open' || entry?.holder !== self) return undefined;
    const leaving = draining().has(self);
    // For balance alone a slot moves at most once in a hold-down.
    const rested = record.openSince !== undefined && now - record.openSince >= holdDownMs;
    const own = duty.order.indexOf(self);
    return duty.order.find((name, rank) => {
      // The former holder still has connections of it, which nobody else could ask about: back to it, or wait.
      if (gate.other !== undefined && gate.other !== name) return false;
      if (name === self || draining().has(name) || !observer.isReached(name)) return false;
      return leaving || own < 0 || (rested && rank < own && observer.thereFor(name, now) >= holdDownMs);
    });
  }
}
