/**
 * The OpenFlow 1.5 messages that the client speaks, as one discriminated union. What is not in it decodes to `other`,
 * so that a switch that says more than we ask for does not break the connection.
 */
import { type MatchField, type Action, type Bucket, type Flow, type Group, type Meter } from './flow.js';

/** Selects flows; absent fields do not narrow. `table` absent means all tables. */
export interface FlowFilter {
  readonly table?: number;
  readonly outPort?: number;
  readonly outGroup?: number;
  readonly cookie?: { readonly value: bigint; readonly mask: bigint };
  readonly match?: readonly MatchField[];
}

export type FlowMod =
  | {
      readonly command: 'add' | 'modify' | 'modify_strict';
      readonly flow: Flow;
      /** For modify: only flows whose cookie agrees with `flow.cookie` in these bits. Absent or 0: any. */
      readonly cookieMask?: bigint;
    }
  | { readonly command: 'delete'; readonly filter: FlowFilter }
  | {
      readonly command: 'delete_strict';
      readonly table: number;
      readonly priority: number;
      readonly match: readonly MatchField[];
      readonly cookie?: { readonly value: bigint; readonly mask: bigint };
      readonly outPort?: number;
      readonly outGroup?: number;
    };

/** `first`, `last` and `all` are positions in the group's list of buckets; a number is a bucket id. */
export type BucketPosition = 'first' | 'last' | 'all' | number;

export type GroupMod =
  /** `add_or_modify` is Open vSwitch's OFPGC_ADD_OR_MOD, ovs-ofctl's `--may-create mod-group`. */
  | { readonly command: 'add' | 'modify' | 'add_or_modify'; readonly group: Group }
  /** No group means all groups. Flows that use a deleted group are deleted with it. */
  | { readonly command: 'delete'; readonly group?: number }
  | {
      readonly command: 'insert_bucket';
      readonly group: number;
      readonly position: BucketPosition;
      readonly buckets: readonly Bucket[];
    }
  | { readonly command: 'remove_bucket'; readonly group: number; readonly position: BucketPosition };

export type MeterMod =
  | { readonly command: 'add' | 'modify'; readonly meter: Meter }
  /** No meter means all meters. */
  | { readonly command: 'delete'; readonly meter?: number };

export type BundleControl =
  | 'open_request'
  | 'open_reply'
  | 'close_request'
  | 'close_reply'
  | 'commit_request'
  | 'commit_reply'
  | 'discard_request'
  | 'discard_reply';

export interface BundleFlags {
  readonly atomic: boolean;
  readonly ordered: boolean;
}

export interface PortDescription {
  readonly port: number;
  /** `02:5c:00:00:00:02`. */
  readonly mac: string;
  readonly name: string;
  /** OFPPC_ and OFPPS_ bits of openflow-1.1.h: config 1 is "down"; state 1 "link down", 2 "blocked", 4 "live". */
  readonly config: number;
  readonly state: number;
}

/** Counters at one moment. */
export interface Counters {
  readonly packets: bigint;
  readonly bytes: bigint;
  readonly durationSeconds: number;
  readonly durationNanoseconds: number;
}

export interface FlowStats extends Counters {
  readonly flow: Flow;
}

/** A flow of somebody else's that uses a field which the library does not know, such as tun_metadata0. */
export interface UnreadableFlow {
  readonly table: number;
  readonly priority: number;
  readonly cookie: bigint;
  readonly reason: string;
}

export interface BucketStats {
  readonly packets: bigint;
  readonly bytes: bigint;
}

export interface GroupStats {
  readonly group: number;
  readonly references: number;
  readonly packets: bigint;
  readonly bytes: bigint;
  readonly durationSeconds: number;
  readonly durationNanoseconds: number;
  /** In the order of the group's buckets. */
  readonly buckets: readonly BucketStats[];
}

export interface MeterStats {
  readonly meter: number;
  readonly flows: number;
  readonly packets: bigint;
  readonly bytes: bigint;
  readonly durationSeconds: number;
  readonly durationNanoseconds: number;
  /** What the bands saw, that is, dropped. */
  readonly bands: readonly BucketStats[];
}

export interface SwitchDescription {
  readonly manufacturer: string;
  readonly hardware: string;
  readonly software: string;
  readonly serialNumber: string;
  readonly datapath: string;
}

/** An absent id asks for all. */
export type MultipartRequest =
  | { readonly kind: 'desc' }
  | { readonly kind: 'flow'; readonly filter: FlowFilter }
  | { readonly kind: 'group_desc'; readonly group?: number }
  | { readonly kind: 'group_stats'; readonly group?: number }
  | { readonly kind: 'meter_desc'; readonly meter?: number }
  | { readonly kind: 'meter_stats'; readonly meter?: number }
  | { readonly kind: 'port_desc'; readonly port?: number };

export type MultipartReply =
  | ({ readonly kind: 'desc' } & SwitchDescription)
  | {
      readonly kind: 'flow';
      readonly flows: readonly FlowStats[];
      readonly unreadable: readonly UnreadableFlow[];
    }
  | { readonly kind: 'group_desc'; readonly groups: readonly Group[] }
  | { readonly kind: 'group_stats'; readonly groups: readonly GroupStats[] }
  | { readonly kind: 'meter_desc'; readonly meters: readonly Meter[] }
  | { readonly kind: 'meter_stats'; readonly meters: readonly MeterStats[] }
  | { readonly kind: 'port_desc'; readonly ports: readonly PortDescription[] };

export interface PacketIn {
  readonly type: 'packet_in';
  readonly reason: number;
  readonly table: number;
  readonly cookie: bigint;
  /** Length of the whole packet; `data` may be its beginning. */
  readonly totalLength: number;
  /** in_port, registers and the like that came with the packet. */
  readonly match: readonly MatchField[];
  readonly data: Uint8Array;
}

export interface FlowRemoved extends Counters {
  readonly type: 'flow_removed';
  readonly table: number;
  readonly priority: number;
  readonly cookie: bigint;
  readonly match: readonly MatchField[];
  readonly reason: 'idle_timeout' | 'hard_timeout' | 'delete' | 'group_delete' | 'meter_delete' | 'eviction';
  readonly idleTimeout: number;
  readonly hardTimeout: number;
}

/** A refusal. `name` is OpenFlow's, such as `OFPBAC_BAD_TYPE`; `data` the beginning of what was refused. */
export interface ErrorMessage {
  readonly type: 'error';
  readonly errorType: number;
  readonly errorCode: number;
  readonly experimenter?: number;
  readonly name: string;
  readonly data: Uint8Array;
}

/** What may travel inside a bundle. Open vSwitch refuses meters there. */
export type BundleMessage =
  | { readonly type: 'flow_mod'; readonly mod: FlowMod }
  | { readonly type: 'group_mod'; readonly mod: GroupMod };

/** One member of the union for each name. */
type Each<T extends string, Body> = T extends string ? { readonly type: T } & Body : never;

export type Message =
  /** Wire versions offered, 6 being OpenFlow 1.5; without the version bitmap only the header's. */
  | { readonly type: 'hello'; readonly versions: readonly number[] }
  | ErrorMessage
  | Each<'echo_request' | 'echo_reply', { readonly data: Uint8Array }>
  | Each<'features_request' | 'get_config_request' | 'barrier_request' | 'barrier_reply', object>
  | {
      readonly type: 'features_reply';
      readonly datapathId: bigint;
      readonly buffers: number;
      readonly tables: number;
      readonly auxiliaryId: number;
      readonly capabilities: number;
    }
  | Each<
      'get_config_reply' | 'set_config',
      {
        readonly flags: number;
        /** Bytes of a packet sent with a packet-in; 0xffff: all. */
        readonly missSendLength: number;
      }
    >
  | PacketIn
  | FlowRemoved
  | {
      readonly type: 'port_status';
      readonly reason: 'add' | 'delete' | 'modify';
      readonly port: PortDescription;
    }
  | {
      readonly type: 'packet_out';
      /** `ports.controller` for a packet that comes from nowhere. */
      readonly inPort: number;
      readonly actions: readonly Action[];
      readonly data: Uint8Array;
    }
  | BundleMessage
  | { readonly type: 'meter_mod'; readonly mod: MeterMod }
  | {
      readonly type: 'bundle_control';
      readonly bundle: number;
      readonly command: BundleControl;
      readonly flags: BundleFlags;
    }
  | {
      readonly type: 'bundle_add';
      readonly bundle: number;
      readonly flags: BundleFlags;
      /** Goes out with the same xid as the message around it, as OpenFlow wants. */
      readonly message: BundleMessage;
    }
  | { readonly type: 'multipart_request'; readonly request: MultipartRequest }
  | {
      readonly type: 'multipart_reply';
      /** Further parts with the same xid follow. */
      readonly more: boolean;
      readonly reply: MultipartReply;
    }
  | {
      readonly type: 'experimenter';
      readonly experimenter: number;
      readonly subtype: number;
      readonly data: Uint8Array;
    }
  /** A message type that the client does not know; `body` is what follows the header. */
  | { readonly type: 'other'; readonly messageType: number; readonly body: Uint8Array };

export type MessageType = Message['type'];
export type MessageOf<T extends MessageType> = Extract<Message, { readonly type: T }>;
