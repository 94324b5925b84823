/**
 * The port to the fast store of the slot protocol: leases and slot ownership. Every operation is one atomic step of the
 * store. The store decides who and how fast, never whether it is safe: it may lie, be wiped or come back from a
 * snapshot, and the wire and the gate still keep one holder (docs/design/slot-protocol.md).
 */

/** Pool id and slot number in one: `poolId * 1024 + slot`; the datapath's global slot. */
export type SlotId = number;
/** Name of the gateway's Node. */
export type GatewayName = string;

/** Who may carry a slot. */
export interface SlotEntry {
  readonly holder: GatewayName;
  /** Grows with every change of the holder; at least the store's time in milliseconds since 1970, so never given twice. */
  readonly epoch: number;
  /** The holder closed its gate and gave the slot back. */
  readonly released: boolean;
}

export interface ObservedLease {
  /** The process that holds it; undefined: there is no lease now. */
  readonly incarnation: string | undefined;
  /** Number of renewals ever; it outlives the lease, so that two absences are not taken for one. */
  readonly renewals: number;
  /** Share of all nodes that it hears by BFD, as it said with its last renewal; 0 without a lease. */
  readonly heard: number;
}

/** The process that speaks: a new incarnation for every start. */
export interface Caller {
  readonly gateway: GatewayName;
  readonly incarnation: string;
}

export interface RenewRequest extends Caller {
  readonly leaseMs: number;
  /** Share of all nodes that the caller hears by BFD, 0 to 1. */
  readonly heard: number;
  /** The other gateways whose leases the caller wants to know. */
  readonly observed: readonly GatewayName[];
}

export type RenewAnswer =
  | {
      readonly kind: 'renewed';
      /** Random, written by the first operation that finds it missing: another one means that the store was wiped. */
      readonly mark: string;
      readonly leases: ReadonlyMap<GatewayName, ObservedLease>;
      readonly slots: ReadonlyMap<SlotId, SlotEntry>;
    }
  /** Another process of this gateway holds the lease; it ends by itself when that one stops renewing. */
  | { readonly kind: 'foreign'; readonly incarnation: string };

export interface ClaimRequest extends Caller {
  readonly slot: SlotId;
  readonly leaseMs: number;
  /** Epoch of the entry that the decision was made on; 0: there was none. */
  readonly epochRead: number;
  /** Mark of the answer that the decision was made on. */
  readonly mark: string;
  /** The new epoch is at least this: the highest epoch known from elsewhere, plus one. */
  readonly floor: number;
}

export type ClaimRefusal = 'mark' | 'epoch' | 'no-lease' | 'held';

export type ClaimAnswer =
  /** The caller is the holder (now, or already: then the epoch is the stored one and nothing changed but its lease). */
  | { readonly kind: 'claimed'; readonly epoch: number }
  | { readonly kind: 'refused'; readonly reason: ClaimRefusal; readonly entry: SlotEntry | undefined };

export interface AssertRequest extends Caller {
  readonly slot: SlotId;
  /** Epoch that the caller holds; the entry is written only if it is missing or has a lower one. */
  readonly mine: number;
}

export type AssertAnswer =
  | { readonly kind: 'asserted'; readonly epoch: number }
  | { readonly kind: 'superseded'; readonly entry: SlotEntry };

export interface ReleaseRequest extends Caller {
  readonly slot: SlotId;
  /** Only this epoch of the caller's own entry is released; anything else changes nothing. */
  readonly epoch: number;
}

export interface HandOverRequest extends Caller {
  readonly slot: SlotId;
  readonly epoch: number;
  readonly successor: GatewayName;
}

export type HandOverAnswer =
  | { readonly kind: 'handed-over'; readonly epoch: number }
  | { readonly kind: 'refused'; readonly entry: SlotEntry | undefined };

/**
 * Every method rejects with a retryable `SluiceError` (`SLUICE_STORE_UNREACHABLE`) when the store does not answer within
 * the adapter's deadline; whether it acted is then unknown, and every operation may be tried again.
 *
 * The new epoch of claim, assert and hand-over is `max(stored + 1, floor or mine + 1, the store's time in ms)`.
 */
export interface SlotStore {
  /** Renews the caller's lease (for `leaseMs`) and reads everything. */
  renew(request: RenewRequest): Promise<RenewAnswer>;
  /** Takes a slot that nobody holds: no entry, released, or the holder's lease is gone. */
  claim(request: ClaimRequest): Promise<ClaimAnswer>;
  /** Writes what the caller holds into a store that has forgotten it. */
  assert(request: AssertRequest): Promise<AssertAnswer>;
  /** Gives a slot back; only after the gate's close is confirmed. True if the entry was the caller's. */
  release(request: ReleaseRequest): Promise<boolean>;
  /** Gives a slot to a successor; only the holder can, and only after it answers nobody any more. */
  handOver(request: HandOverRequest): Promise<HandOverAnswer>;
}
