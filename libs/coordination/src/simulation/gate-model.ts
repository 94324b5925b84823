/**
 * The gate table of one Open vSwitch as a model: hard timeouts run on whatever the process does, a modification begins
 * the time anew and never inserts, and an expiry can be late.
 */
import { type GateState, type GateTable } from '../protocol/gate-form.js';
import { type SlotId } from '../store.js';

interface Flow {
  readonly state: GateState;
  /** True time. */
  readonly until: number;
}

export interface GateOperation {
  readonly arm?: ReadonlyMap<SlotId, GateState>;
  readonly modify?: ReadonlyMap<SlotId, GateState>;
  readonly close?: readonly SlotId[];
}

export interface GateModelOptions {
  readonly now: () => number;
  /** A hard timeout in true time, with its lateness. */
  readonly lifetime: () => number;
  readonly modifyInserts: boolean;
}

export class GateModel {
  private readonly flows = new Map<SlotId, Flow>();

  constructor(private readonly options: GateModelOptions) {}

  get(slot: SlotId): GateState | undefined {
    const flow = this.flows.get(slot);
    return flow !== undefined && flow.until > this.options.now() ? flow.state : undefined;
  }

  read(): GateTable {
    const table = new Map<SlotId, GateState>();
    for (const [slot, { state, until }] of this.flows) {
      if (until > this.options.now()) table.set(slot, state);
    }
    return table;
  }

  apply({ close = [], arm, modify }: GateOperation): void {
    const until = this.options.now() + this.options.lifetime();
    for (const slot of close) this.flows.delete(slot);
    for (const [slot, state] of arm ?? []) this.flows.set(slot, { state, until });
    for (const [slot, state] of modify ?? []) {
      const before = this.get(slot);
      if (before === undefined && !this.options.modifyInserts) continue;
      // The cookie stays: it tells who armed the entry.
      const incarnation = before?.incarnation ?? state.incarnation;
      this.flows.set(slot, { state: { ...state, incarnation }, until });
    }
  }

  clear(): void {
    this.flows.clear();
  }
}
