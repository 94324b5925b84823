/**
 * Whether this gateway can carry anything: the switch and the uplink work (rows 1 and 2), and nodes reach it (row 2a). One
 * that cannot gives back what it has.
 */
import { type Attempts } from './attempts.js';
import { closeSlots, type MachineContext } from './context.js';
import { type AlarmKind } from './effects.js';
import { type SlotEvent } from './events.js';
import { type Hearing } from './hearing.js';
import { idle, type SlotRecord } from './slot-record.js';

type Health = Extract<SlotEvent, { readonly type: 'health' }>;

export class Fitness {
  private switchUp = true;
  private uplinkUp = true;
  /** Since when no router has answered in time. */
  private unansweredSince: number | undefined;
  /** Since when this gateway has been cut off from the nodes while another one is not. */
  private deafSince: number | undefined;

  constructor(
    private readonly context: MachineContext,
    private readonly hearing: Hearing,
    private readonly attempts: Attempts,
  ) {}

  /** The switch and the uplink work; one that is not fit asks for a lease that ends at once, and so reads what names it. */
  get isFit(): boolean {
    return this.switchUp && this.uplinkUp;
  }

  /** Rows 1 and 2. */
  health({ switchUp, uplinkUp: answered }: Health, storeAnswers: boolean, now: number): void {
    this.unansweredSince = answered ? undefined : (this.unansweredSince ?? now);
    const uplinkUp = answered || (this.uplinkUp && storeAnswers && this.mayWait(now));
    const lostSwitch = this.switchUp && !switchUp;
    const lostUplink = this.uplinkUp && !uplinkUp;
    this.switchUp = switchUp;
    this.uplinkUp = uplinkUp;
    if (!lostSwitch && !lostUplink) return;
    const held = this.abandon();
    if (lostSwitch) this.context.emit({ type: 'uplink-down' });
    closeSlots(this.context, held, { now, release: true });
    this.alarm(lostSwitch ? 'switch-lost' : 'uplink-lost', held);
  }

  /**
   * Row 2a: the underlay of this gateway alone is cut, and the store is reached by another network. Two looks in a row,
   * since one may have come in the middle of a change.
   */
  isDeaf(storeAnswers: boolean, now: number): boolean {
    const { observer, settings, slots } = this.context;
    const hearsNobody = this.hearing.share === 0 && this.hearing.isCutOff(now);
    if (!hearsNobody || !storeAnswers || !observer.someIsReached) {
      this.deafSince = undefined;
      return false;
    }
    this.deafSince ??= now;
    if (now - this.deafSince < settings.times.renewMs / 2) return false;
    if ([...slots.values()].some(({ gate }) => gate !== undefined))
      this.alarm('underlay-lost', this.abandon());
    return true;
  }

  /** What was handed to a gateway that cannot carry it, or could not be closed: nobody else would look after it. */
  resign(now: number): void {
    const { settings, slots, emit } = this.context;
    const { self } = settings;
    const named = [...slots.values()].filter(
      ({ entry, gate }) => gate !== undefined || (entry?.holder === self && !entry.released),
    );
    if (named.length === 0) return;
    const release = named.flatMap(({ slot, entry }) => {
      return entry?.holder === self && !entry.released ? [[slot, entry.epoch] as const] : [];
    });
    emit({ type: 'close', slots: named.map(({ slot }) => slot), release: new Map(release) });
    for (const record of named) record.willBe(undefined, now);
  }

  /** Whether answers of routers may wait in a process or a switch that stood still: for a second C, no longer. */
  private mayWait(now: number): boolean {
    const { uplinkMs } = this.context.settings.times;
    return this.hearing.stalledWithin(uplinkMs, now) && now - (this.unansweredSince ?? now) < uplinkMs;
  }

  /** Ends what is under way; those that have something in the gate. */
  private abandon(): readonly SlotRecord[] {
    this.attempts.abandon();
    const held = [...this.context.slots.values()].filter(({ gate }) => gate !== undefined);
    for (const record of held) record.step = idle;
    return held;
  }

  private alarm(kind: AlarmKind, records: readonly SlotRecord[]): void {
    this.context.emit({ type: 'alarm', kind, slots: records.map(({ slot }) => slot) });
  }
}
