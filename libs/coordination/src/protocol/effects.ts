/** What a gateway's machine wants done. An adapter does it and tells the outcome where one is awaited. */
import { type GatewayName, type SlotId } from '../store.js';

export interface Modification {
  readonly slot: SlotId;
  readonly form: 'open' | 'retiring';
  readonly epoch: number;
  readonly other: GatewayName | undefined;
  readonly parting: boolean;
}

export type AlarmKind =
  /** Another gateway answered for a slot that this one had claimed, twice. */
  | 'answered'
  /** Another gateway answered for a slot that this one had opened a moment before: both were open. */
  | 'answered-late'
  /** The uplink is silent; every slot was given back. */
  | 'uplink-lost'
  | 'switch-lost'
  /** No node is heard, and another gateway hears them; every slot was given back. */
  | 'underlay-lost'
  /** Cut off from the other nodes and from the store: every slot was closed. */
  | 'isolated';

export type SlotEffect =
  /** Add armed entries; answered by `armed`. */
  | { readonly type: 'arm'; readonly attempt: number; readonly slots: readonly SlotId[] }
  /** Modify, never insert. No answer is awaited: the next look shows it. */
  | { readonly type: 'modify'; readonly entries: readonly Modification[] }
  /** Delete; behind the barrier, release those with an epoch in the store. */
  | {
      readonly type: 'close';
      readonly slots: readonly SlotId[];
      readonly release: ReadonlyMap<SlotId, number>;
    }
  /** Answered by `claimed`. */
  | {
      readonly type: 'claim';
      readonly attempt: number;
      readonly mark: string;
      readonly slots: readonly {
        readonly slot: SlotId;
        readonly epochRead: number;
        readonly floor: number;
      }[];
    }
  /** Without a store: compare and swap in the cluster's map, with a quorum read; answered by `claimed`. */
  | {
      readonly type: 'claim-in-map';
      readonly attempt: number;
      readonly slots: readonly {
        readonly slot: SlotId;
        readonly epochRead: number;
        readonly floor: number;
      }[];
    }
  /** Answered by `asserted`. */
  | { readonly type: 'assert'; readonly slot: SlotId; readonly mine: number }
  /** One round; answered by `probed`. */
  | { readonly type: 'probe'; readonly attempt: number; readonly slots: readonly SlotId[] }
  /** One round outside an attempt; answered by `listened`. */
  | { readonly type: 'listen'; readonly slots: readonly SlotId[] }
  | { readonly type: 'announce'; readonly slots: readonly SlotId[] }
  /** Announce again: a former holder is back that was never told, and what waited in it may have told others otherwise. */
  | { readonly type: 'announce-again'; readonly slots: readonly SlotId[] }
  /** Modify to retiring; answered by `retired` behind the barrier. */
  | { readonly type: 'retire'; readonly entry: Modification }
  /** Answered by `handed-over`. */
  | {
      readonly type: 'hand-over';
      readonly slot: SlotId;
      readonly epoch: number;
      readonly successor: GatewayName;
    }
  /** Write into the cluster's map, never to a lower epoch. */
  | {
      readonly type: 'record';
      readonly slots: ReadonlyMap<
        SlotId,
        { readonly epoch: number; readonly previous: GatewayName | undefined }
      >;
    }
  /** Take this gateway's name out of the cluster's map: it serves no connection of the slots any more. */
  | { readonly type: 'withdraw'; readonly slots: readonly SlotId[] }
  /** Row 1 with the kernel datapath: its cached flows forward without ovs-vswitchd. */
  | { readonly type: 'uplink-down' }
  | { readonly type: 'alarm'; readonly kind: AlarmKind; readonly slots: readonly SlotId[] }
  /** For the operator's record of moves. */
  | {
      readonly type: 'moved';
      readonly slots: readonly SlotId[];
      readonly why: TakeReason | 'handed-over';
      readonly from: GatewayName | undefined;
      readonly to: GatewayName;
      readonly startedAt: number;
      readonly at: number;
      /** Milliseconds from `startedAt` until each step was done; `opened` is the adapter's to tell. */
      readonly steps: Readonly<Partial<Record<MoveStep, number>>>;
    };

export type MoveStep = 'armed' | 'claimed' | 'probed' | 'opened' | 'retired' | 'handed-over';

/** Why a gateway takes a slot: the rows of the decision. */
export type TakeReason =
  'mine-already' | 'holder-dead' | 'holder-gone' | 'released' | 'never-held' | 'forgotten' | 'store-silent';
