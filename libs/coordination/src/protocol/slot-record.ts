/** What the machine remembers of one slot. */
import { type GatewayName, type SlotEntry, type SlotId } from '../store.js';
import { type Duty } from './events.js';
import { type GateState } from './gate-form.js';

/** What goes on with a slot; `busy` with an attempt to open it (section 5) or a hand-over (section 6). */
export type Step =
  | { readonly kind: 'idle' }
  | { readonly kind: 'attempt'; readonly attempt: number }
  | { readonly kind: 'retiring'; readonly successor: GatewayName; readonly startedAt: number }
  | {
      readonly kind: 'handing-over';
      readonly successor: GatewayName;
      readonly startedAt: number;
      readonly retiredAt: number;
    };

export const idle: Step = { kind: 'idle' };

export class SlotRecord {
  step: Step = idle;
  gate: GateState | undefined;
  /** Looks that began before this saw an older gate. */
  changedAt = Number.NEGATIVE_INFINITY;
  entry: SlotEntry | undefined;
  /** Looks that began before this saw an older entry. */
  entryAt = Number.NEGATIVE_INFINITY;
  /** The last holder in the store that was somebody else. */
  formerHolder: GatewayName | undefined;
  /** Who has written this gateway in its own place, and when this one saw it. */
  given: { readonly by: GatewayName; readonly at: number } | undefined;
  /** Since when every look has said that it may be taken. */
  eligibleSince: number | undefined;
  /** Since when nobody has answered for it. */
  silentSince: number | undefined;
  /** When the wire was last asked outside an attempt. */
  listenedAt = Number.NEGATIVE_INFINITY;
  /** Since when the store has had no entry. */
  missingSince: number | undefined;
  /** Attempts in a row in which another gateway answered. */
  answeredRounds = 0;
  backOffUntil = Number.NEGATIVE_INFINITY;
  /** Until when the former holder is asked about connections (open), or this one serves them (retiring). */
  sharedUntil: number | undefined;
  /** Since when it has been retiring here, handed over. */
  retiredAt: number | undefined;
  /** When this gateway, which is retiring, took its name out of the cluster's map. */
  withdrawnAt: number | undefined;
  /** Since when the map names this gateway as a former holder, and the gate has nothing of the slot. */
  goneSince: number | undefined;
  /** When this process opened it. */
  openedAt = Number.NEGATIVE_INFINITY;
  /** Since when it has been open here, as far as this process knows. */
  openSince: number | undefined;
  asserting = false;
  /** What was last written into the cluster's map. */
  written:
    { readonly epoch: number; readonly other: GatewayName | undefined; readonly at: number } | undefined;

  constructor(
    readonly slot: SlotId,
    public duty: Duty,
  ) {}

  get isIdle(): boolean {
    return this.step.kind === 'idle';
  }

  get isOpen(): boolean {
    return this.gate?.form === 'open';
  }

  /** What an operation of this gateway's own has written into the store. */
  wrote(entry: SlotEntry, now: number): void {
    if (this.entry?.holder !== entry.holder) this.given = undefined;
    this.entry = entry;
    this.entryAt = now;
  }

  /** What a look found there. */
  saw(entry: SlotEntry | undefined, self: GatewayName, now: number): void {
    const before = this.entry;
    if (entry?.holder !== self) this.given = undefined;
    // While this gateway attempts, it may be its own claim.
    else if (before !== undefined && before.holder !== self && this.isIdle)
      this.given = { by: before.holder, at: now };
    this.entry = entry;
  }

  /** The gate as it will be when the message that goes out now has arrived. */
  willBe(gate: GateState | undefined, now: number): void {
    this.gate = gate;
    this.changedAt = now;
  }
}
