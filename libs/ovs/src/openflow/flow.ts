/**
 * The structured form of a flow, group and meter: what `libs/datapath` builds and what a dump decodes to.
 * Its one written form is ovs-ofctl's text (`text/`), its wire form OpenFlow 1.5 with Nicira extensions (`codec/`).
 */
import { type FieldName } from './fields.js';

/** `value` and `mask` in host order, right aligned; no mask means exact. */
export interface MatchField {
  readonly field: FieldName;
  readonly value: bigint;
  readonly mask?: bigint;
}

/** Bits `from`..`from + bits - 1` of a field; ovs-ofctl writes `field[from..to]`. */
export interface Subfield {
  readonly field: FieldName;
  readonly from: number;
  readonly bits: number;
}

export interface NatAction {
  readonly type: 'nat';
  readonly direction?: 'src' | 'dst';
  /** First and last address as text; equal or absent last means one address. */
  readonly address?: { readonly first: string; readonly last?: string };
  readonly port?: { readonly first: number; readonly last?: number };
  readonly flags?: readonly NatFlag[];
}

export type NatFlag = 'persistent' | 'hash' | 'random';

export interface CtAction {
  readonly type: 'ct';
  readonly commit?: boolean;
  readonly force?: boolean;
  readonly zone?: number;
  /** The zone from a field, instead of `zone`. */
  readonly zoneFrom?: Subfield;
  readonly table?: number;
  readonly nat?: NatAction;
  readonly exec?: readonly Action[];
}

export type LearnSpec =
  | { readonly kind: 'match-field'; readonly dst: Subfield; readonly src: Subfield }
  | { readonly kind: 'match-value'; readonly dst: Subfield; readonly value: bigint }
  | { readonly kind: 'load-field'; readonly dst: Subfield; readonly src: Subfield }
  | { readonly kind: 'load-value'; readonly dst: Subfield; readonly value: bigint }
  | { readonly kind: 'output'; readonly src: Subfield };

export interface LearnAction {
  readonly type: 'learn';
  readonly table: number;
  readonly priority: number;
  readonly cookie?: bigint;
  /** Seconds. */
  readonly idleTimeout?: number;
  readonly hardTimeout?: number;
  readonly specs: readonly LearnSpec[];
}

/** No action at all is a drop. */
export type Action =
  | { readonly type: 'output'; readonly port: number }
  | { readonly type: 'controller'; readonly maxLength: number }
  | { readonly type: 'group'; readonly group: number }
  | { readonly type: 'meter'; readonly meter: number }
  | { readonly type: 'set_field'; readonly field: FieldName; readonly value: bigint; readonly mask?: bigint }
  | { readonly type: 'move'; readonly src: Subfield; readonly dst: Subfield }
  | { readonly type: 'resubmit'; readonly table?: number; readonly port?: number }
  | { readonly type: 'check_pkt_larger'; readonly bytes: number; readonly dst: Subfield }
  | { readonly type: 'ct_clear' }
  | { readonly type: 'dec_ttl' }
  | { readonly type: 'note'; readonly data: Uint8Array }
  /** An instruction; flows of others have it, the pipeline uses resubmit. */
  | { readonly type: 'goto_table'; readonly table: number }
  /** What the library has no record for, as its bytes: found in flows of others. */
  | { readonly type: 'raw'; readonly of: 'action' | 'instruction'; readonly data: Uint8Array }
  | CtAction
  | LearnAction;

/** In the order of their bits (OFPFF_) and in which ovs-ofctl prints them. */
export const flowFlags = [
  'send_flow_rem',
  'check_overlap',
  'reset_counts',
  'no_packet_counts',
  'no_byte_counts',
] as const;
export type FlowFlag = (typeof flowFlags)[number];

export interface Flow {
  readonly table: number;
  readonly priority: number;
  readonly cookie: bigint;
  /** Seconds; 0 or absent means never. */
  readonly idleTimeout?: number;
  readonly hardTimeout?: number;
  readonly flags?: readonly FlowFlag[];
  /** Eviction order; OVS keeps it, Sluice does not use it. */
  readonly importance?: number;
  readonly match: readonly MatchField[];
  readonly actions: readonly Action[];
}

export interface Bucket {
  readonly id: number;
  readonly weight?: number;
  readonly watchPort?: number;
  readonly watchGroup?: number;
  readonly actions: readonly Action[];
}

export interface Group {
  readonly id: number;
  readonly type: 'all' | 'select' | 'indirect' | 'ff';
  readonly selection?: {
    readonly method: 'hash' | 'dp_hash';
    /** Masked hash fields; an absent mask is the whole field. */
    readonly fields: readonly { readonly field: FieldName; readonly mask?: bigint }[];
  };
  readonly buckets: readonly Bucket[];
}

export interface Meter {
  readonly id: number;
  readonly unit: 'kbps' | 'pktps';
  readonly stats?: boolean;
  /** kbit/s or packets/s, burst in kbit or packets. */
  readonly rate: number;
  readonly burst?: number;
}

/** Reserved ports of OpenFlow 1.5. */
export const ports = {
  inPort: 0xfffffff8,
  normal: 0xfffffffa,
  flood: 0xfffffffb,
  all: 0xfffffffc,
  controller: 0xfffffffd,
  local: 0xfffffffe,
  any: 0xffffffff,
} as const;
