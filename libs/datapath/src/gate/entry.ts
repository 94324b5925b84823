/**
 * The entries of the gate table: one flow for each slot, with a hard timeout. An entry is armed by an add and never
 * opened or extended by one: a modification does nothing when the entry has run out (OpenFlow 1.2 and later), so a
 * process that was stopped between its check and its message cannot revive it.
 */
import { type GlobalSlot } from '@sluice/model';
import { type Action, type Flow } from '@sluice/ovs';
import { cookieOwner, cookieOwners } from '../layout/cookies.js';
import {
  type BitField,
  gateEpoch,
  gateForm,
  newPorts,
  otherHolder,
  shared,
  slot as slotBits,
} from '../layout/registers.js';
import { goto, load } from '../pipeline/actions.js';
import { has } from '../pipeline/matches.js';
import { tableIds } from '../pipeline/table-ids.js';
import { checkRow } from '../pipeline/check.js';
import { gate } from '../tables/gate.js';

/**
 * `armed` answers the probes of other gateways and passes nothing; `open` passes and answers everything; `retiring`
 * passes, and answers nobody: another gateway is the holder, this one serves what it knows.
 */
export type GateForm = 'armed' | 'open' | 'retiring';

export interface GateEntry {
  readonly slot: GlobalSlot;
  readonly form: GateForm;
  /** Of the slot, 0 while it is armed and not yet claimed. */
  readonly epoch: number;
  /** Open: node id of the gateway that may still know connections of the slot; retiring: of the holder; 0: nobody. */
  readonly otherHolder: number;
  /** Open: connections of the other gateway come over, and keep their ports. */
  readonly parting: boolean;
  /** Of the process that armed it: a modification leaves it. 48 bits. */
  readonly incarnation: number;
}

const priority = 100;
const incarnationMask = (1n << 48n) - 1n;

/** Seconds until Open vSwitch takes an entry away by itself: G of the slot protocol. */
export const gateSeconds = 6;

export const gateCookie = (incarnation: number): bigint =>
  (BigInt(cookieOwners.gate) << 56n) | (BigInt(incarnation) & incarnationMask);

const gateMatch = (slot: GlobalSlot): Flow['match'] => [has(slotBits, slot)];

/** The flow of an entry; for a modification its cookie does not count. */
export function gateFlow({ slot, form, epoch, otherHolder: other, parting, incarnation }: GateEntry): Flow {
  const shares = form === 'open' && other !== 0;
  const flow: Flow = {
    table: tableIds.gate,
    priority,
    cookie: gateCookie(incarnation),
    hardTimeout: gateSeconds,
    match: gateMatch(slot),
    actions: [
      load(gateEpoch, epoch),
      load(gateForm, gateForm.values[form]),
      load(shared, shares ? shared.values.yes : shared.values.no),
      load(newPorts, shares && !parting ? newPorts.values.lowerHalf : newPorts.values.any),
      load(otherHolder, other),
      goto('held'),
    ],
  };
  checkRow(gate, flow);
  return flow;
}

/** What names the entry of a slot, for its deletion. */
export const gateKey = (slot: GlobalSlot): Pick<Flow, 'table' | 'priority' | 'match'> => ({
  table: tableIds.gate,
  priority,
  match: gateMatch(slot),
});

/** -1 is every bit: those of a field that is one as a whole. */
const loaded = (actions: readonly Action[], { field, shift, mask = -1n }: BitField) => {
  for (const action of actions) {
    if (action.type !== 'set_field' || action.field !== field) continue;
    if (action.mask !== undefined && (action.mask & mask) !== mask) continue;
    return Number((action.value & mask) >> shift);
  }
  return undefined;
};

/** The entry that a flow of the gate table is; undefined: it is none of ours. */
export function gateEntryOf({ table, cookie, match, actions }: Flow): GateEntry | undefined {
  if (table !== tableIds.gate || cookieOwner(cookie) !== cookieOwners.gate) return undefined;
  const [only] = match;
  const form = loaded(actions, gateForm);
  const name = (['armed', 'open', 'retiring'] as const).find((key) => gateForm.values[key] === form);
  if (only?.field !== slotBits.field || name === undefined) return undefined;
  const other = loaded(actions, otherHolder) ?? 0;
  const shares = name === 'open' && other !== 0;
  return {
    slot: Number(only.value & 0xffffn),
    form: name,
    epoch: loaded(actions, gateEpoch) ?? 0,
    otherHolder: other,
    parting: shares && loaded(actions, newPorts) === newPorts.values.any,
    incarnation: Number(cookie & incarnationMask),
  };
}
