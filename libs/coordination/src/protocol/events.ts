/** What a gateway's machine hears. Times are milliseconds of a clock that runs on while the machine sleeps. */
import {
  type AssertAnswer,
  type ClaimAnswer,
  type GatewayName,
  type HandOverAnswer,
  type RenewAnswer,
  type SlotId,
} from '../store.js';
import { type GateTable } from './gate-form.js';

export interface Duty {
  readonly slot: SlotId;
  /** Gateways that may take it, best first. */
  readonly order: readonly GatewayName[];
  /** The last word of the cluster's map. */
  readonly recorded: Recorded | undefined;
}

/** What the cluster's map says of a slot. */
export interface Recorded {
  readonly holder: GatewayName;
  readonly epoch: number;
  /** Who still serves connections of before the last planned move. */
  readonly previous?: GatewayName | undefined;
}

export type SlotEvent =
  /** What the slots of this gateway are, and whether it shall give them away. */
  | {
      readonly type: 'duties';
      readonly duties: readonly Duty[];
      /** All other gateways, for their leases. */
      readonly peers: readonly GatewayName[];
      /** Gateways that take no slots. */
      readonly draining: ReadonlySet<GatewayName>;
    }
  /** A connection to the store that was not there before: leases may have been lost. */
  | { readonly type: 'store-connected' }
  | { readonly type: 'bfd'; readonly peers: ReadonlyMap<GatewayName, boolean>; readonly shareUp: number }
  /** This process, or its Open vSwitch, stood still for a moment: silence that begins now may be its own. */
  | { readonly type: 'stalled' }
  /** Whether the switch answers, and whether a router answered on the uplink within C. */
  | { readonly type: 'health'; readonly switchUp: boolean; readonly uplinkUp: boolean }
  /** One look at everything, every R: the answer of the store (undefined: none) and of the switch (undefined: none). */
  | {
      readonly type: 'look';
      readonly sentAt: number;
      readonly answer: RenewAnswer | undefined;
      readonly gate: GateTable | undefined;
    }
  | { readonly type: 'armed'; readonly attempt: number; readonly ok: boolean }
  /** Another gateway announced an address of the slot on the uplink (row 13). */
  | { readonly type: 'announced'; readonly slot: SlotId; readonly by: GatewayName }
  | {
      readonly type: 'claimed';
      readonly attempt: number;
      /** Without an answer: not in the map. */
      readonly answers: ReadonlyMap<SlotId, ClaimAnswer>;
    }
  | {
      readonly type: 'probed';
      readonly attempt: number;
      /** Slots for which another gateway answered. */
      readonly answered: ReadonlySet<SlotId>;
      /** A router answered in the same round. */
      readonly control: boolean;
    }
  /** Behind the round that let this gateway open them, another one answered for these: it was too slow, and lives. */
  | { readonly type: 'answered-late'; readonly slots: ReadonlySet<SlotId> }
  | { readonly type: 'asserted'; readonly slot: SlotId; readonly answer: AssertAnswer | undefined }
  | { readonly type: 'retired'; readonly slot: SlotId; readonly ok: boolean }
  | { readonly type: 'handed-over'; readonly slot: SlotId; readonly answer: HandOverAnswer | undefined }
  /** The process ends in order. */
  | { readonly type: 'stopping' }
  /** Slots of `retiring` that no connection is left of. */
  | { readonly type: 'unused'; readonly slots: ReadonlySet<SlotId> }
  /** Answer of a listening round without an attempt: who still answers for slots whose holder is silent. */
  | {
      readonly type: 'listened';
      readonly answered: ReadonlySet<SlotId>;
      readonly asked: ReadonlySet<SlotId>;
      readonly control: boolean;
    };
