/**
 * The decision of the slot protocol about one slot: the first row that applies. Pure; what is done about it is the
 * machine's. Rows 1 and 2 are about the gateway as a whole and come before.
 */
import { type SlotTimes } from '../constants.js';
import { type GatewayName, type SlotEntry } from '../store.js';
import { type TakeReason } from './effects.js';
import { type GateState } from './gate-form.js';
import { type Bfd } from './observe.js';

export interface Situation {
  readonly self: GatewayName;
  readonly now: number;
  readonly times: SlotTimes;
  /** Undefined: no entry in the gate. */
  readonly gate: GateState | undefined;
  /** The store's word; `answered` false: it gave none this time. */
  readonly answered: boolean;
  readonly entry: SlotEntry | undefined;
  /** Time of the last renewal that was answered, when it was sent. */
  readonly beliefSince: number;
  /** Share of all nodes that BFD hears; 1 if there are none. */
  readonly shareUp: number;
  /** Fewer than half of them are heard, and not because this gateway stood still. */
  readonly isCutOff: boolean;
  /** Of the holder, by the store or (without it) by the cluster's map. */
  readonly holder: {
    readonly there: boolean;
    /** It has no lease, and not because renewals are late (Observer.isSilent). */
    readonly silent: boolean;
    readonly goneFor: number;
    readonly bfd: Bfd;
  };
  readonly recorded: { readonly holder: GatewayName; readonly epoch: number } | undefined;
  /** For how long nobody has answered for the slot on the wire. */
  readonly silentFor: number;
  /** For how long the store has had no entry of the slot. */
  readonly missingFor: number;
  /** For how long the store has given no answer while this gateway heard at least half of the nodes. */
  readonly storeSilentFor: number;
}

export type Decision =
  | { readonly do: 'extend' }
  | { readonly do: 'assert' }
  | { readonly do: 'close'; readonly why: 'superseded' | 'isolated' }
  | { readonly do: 'take'; readonly why: TakeReason; readonly byMap: boolean }
  /** Ask the wire, for a take that wants silence. */
  | { readonly do: 'listen' }
  | { readonly do: 'nothing' };

const nothing: Decision = { do: 'nothing' };
const take = (why: TakeReason, byMap = false): Decision => ({ do: 'take', why, byMap });

const isCarried = (gate: GateState | undefined): gate is GateState =>
  gate !== undefined && gate.form !== 'armed';

export function decide(situation: Situation): Decision {
  const { gate, answered } = situation;
  if (isCarried(gate)) return answered ? carriedAnswered(situation, gate) : carriedBlind(situation);
  return answered ? free(situation) : freeBlind(situation);
}

/** Rows 3 to 5. */
function carriedAnswered(situation: Situation, { form, epoch }: GateState): Decision {
  const { self, entry } = situation;
  // Counts as closed: it goes back if the hand-over did not come to pass, and takes over if its successor dies.
  if (form === 'retiring') {
    const decision = free(situation);
    return decision.do === 'nothing' ? { do: 'extend' } : decision;
  }
  if (entry === undefined || entry.epoch < epoch) return { do: 'assert' };
  if (entry.holder === self && !entry.released) return { do: 'extend' };
  return { do: 'close', why: 'superseded' };
}

/** Rows 6 to 8: without the store the holder stays, unless it is cut off from the nodes, too. */
function carriedBlind({ now, times, beliefSince, isCutOff }: Situation): Decision {
  const believes = now < beliefSince + times.beliefMs;
  return believes || !isCutOff ? { do: 'extend' } : { do: 'close', why: 'isolated' };
}

/** Rows 3 and 9 to 11. */
function free(situation: Situation): Decision {
  const { self, entry, recorded, missingFor, times } = situation;
  if (entry === undefined) {
    if (recorded === undefined) return take('never-held');
    return missingFor >= times.goneMs ? take('forgotten') : nothing;
  }
  if (entry.released) return take('released');
  if (entry.holder === self) return take('mine-already');
  return ofAnother(situation);
}

function ofAnother({ holder, times, shareUp, silentFor }: Situation): Decision {
  if (holder.there) return nothing;
  if (holder.silent && holder.bfd === 'down' && shareUp > 0) return take('holder-dead');
  if (holder.goneFor < times.goneMs - times.silenceMs) return nothing;
  const gone = holder.goneFor >= times.goneMs && silentFor >= times.silenceMs;
  return gone ? take('holder-gone') : { do: 'listen' };
}

/** Row 12: by the cluster's map, when the store is silent for everybody. */
function freeBlind({ self, recorded, holder, times, storeSilentFor, silentFor }: Situation): Decision {
  if (recorded === undefined || recorded.holder === self) return nothing;
  if (storeSilentFor < 3 * times.leaseMs || holder.bfd !== 'down') return nothing;
  if (storeSilentFor < times.goneMs - times.silenceMs) return nothing;
  const gone = storeSilentFor >= times.goneMs && silentFor >= times.silenceMs;
  return gone ? take('store-silent', true) : { do: 'listen' };
}
