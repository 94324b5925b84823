/** The port to the gate table of one gateway's switch, and its adapter. Every call is one atomic bundle. */
import { type GateEntry, gateFlow, gateKey } from '@sluice/datapath';
import { type GlobalSlot } from '@sluice/model';
import { type BundleMessage } from '@sluice/ovs';

export interface GateChange {
  /** Inserted, or armed anew; only for entries that pass nothing. */
  readonly arm?: readonly GateEntry[];
  /** Changed if they are still there, and their time begins again; never inserted. */
  readonly modify?: readonly GateEntry[];
  readonly close?: readonly GlobalSlot[];
}

export interface Gate {
  /** What the switch has now. */
  gateEntries(): Promise<readonly GateEntry[]>;
  /** Resolves when the switch forwards by it. */
  changeGate(change: GateChange): Promise<void>;
}

export function gateMessages({ arm = [], modify = [], close = [] }: GateChange): readonly BundleMessage[] {
  return [
    ...close.map((slot): BundleMessage => ({
      type: 'flow_mod',
      mod: { command: 'delete_strict', ...gateKey(slot) },
    })),
    ...arm.map((entry): BundleMessage => ({
      type: 'flow_mod',
      mod: { command: 'add', flow: gateFlow(entry) },
    })),
    ...modify.map((entry): BundleMessage => ({
      type: 'flow_mod',
      mod: { command: 'modify_strict', flow: gateFlow(entry) },
    })),
  ];
}
