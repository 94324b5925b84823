/** The machine of gateway `a` of two, and with one slot. */
import { slotTimes } from '../constants.js';
import { type SlotEffect } from '../protocol/effects.js';
import { type Recorded, type SlotEvent } from '../protocol/events.js';
import { type GateState } from '../protocol/gate-form.js';
import { SlotMachine } from '../protocol/machine.js';
import { type SlotEntry } from '../store.js';

export const slot = 1024;
export const drainMs = 300_000;

export const machineOfA = (): SlotMachine =>
  new SlotMachine({
    self: 'a',
    incarnation: 1,
    times: slotTimes,
    holdDownMs: 60_000,
    maxConcurrentMoves: 4,
    drainMs,
  });

/** Every `look` shows what the world is then. */
export class OneSlot {
  now = 1000;
  readonly machine = machineOfA();

  assign(recorded: Recorded | undefined, draining: readonly string[] = []): void {
    this.handle({
      type: 'duties',
      duties: [{ slot, order: ['a', 'b'], recorded }],
      peers: ['b'],
      draining: new Set(draining),
    });
  }

  /** `lease`: whether that of the other gateway is there. */
  look(entry: SlotEntry, gate?: GateState, lease = true): readonly SlotEffect[] {
    this.now += slotTimes.renewMs;
    const b = lease
      ? { incarnation: 'b1', renewals: this.now, heard: 1 }
      : { incarnation: undefined, renewals: 1, heard: 0 };
    const leases = new Map([['b', b]]);
    const answer = { kind: 'renewed', mark: 'm', leases, slots: new Map([[slot, entry]]) } as const;
    const table = new Map(gate === undefined ? [] : [[slot, gate]]);
    return this.handle({ type: 'look', sentAt: this.now, answer, gate: table });
  }

  handle(event: SlotEvent): readonly SlotEffect[] {
    return this.machine.handle(event, this.now);
  }
}

export const gate = (form: GateState['form'], epoch: number, other?: string, parting = false): GateState => {
  return { form, epoch, other, parting, incarnation: 1 };
};
