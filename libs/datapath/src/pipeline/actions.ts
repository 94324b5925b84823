/** Builders of actions. `load` writes declared bits, `set` header fields; the rest are ovs-ofctl's by name. */
import { type Action, type CtAction, type FieldName, type Subfield, fieldBits, ports } from '@sluice/ovs';
import { type BitField } from '../layout/registers.js';
import { macValue } from './matches.js';
import { type TableName, tableIds } from './table-ids.js';

export type Actions = readonly Action[];
export const drop: Actions = [];

/** OpenFlow 1.5 has no register load: ovs-ofctl's `load:` is this masked set_field. */
export function load(at: BitField, value: number | bigint): Action {
  const { field, shift, mask } = at;
  const placed = BigInt(value) << shift;
  return mask === undefined
    ? { type: 'set_field', field, value: placed }
    : { type: 'set_field', field, value: placed, mask };
}

export const part = ({ field, from, bits }: Subfield): Subfield => ({ field, from, bits });
export const whole = (field: FieldName): Subfield => ({ field, from: 0, bits: fieldBits(field) });

/** Copies bits of equal width. */
export const move = (src: Subfield, dst: Subfield): Action => ({
  type: 'move',
  src: part(src),
  dst: part(dst),
});

export const set = (field: FieldName, value: number | bigint): Action => ({
  type: 'set_field',
  field,
  value: BigInt(value),
});
export const setMac = (field: 'eth_src' | 'eth_dst' | 'arp_sha', mac: string): Action =>
  set(field, macValue(mac));

/** On to another table, and back behind this action (Open vSwitch's resubmit). */
export const goto = (name: TableName): Action => ({ type: 'resubmit', table: tableIds[name] });
export const group = (id: number): Action => ({ type: 'group', group: id });
export const output = (port: number): Action => ({ type: 'output', port });
export const toHost: Action = output(ports.local);
/** A packet-in with enough of the packet for ARP and neighbour discovery. */
export const toProcess: Action = { type: 'controller', maxLength: 128 };
export const backToSender: Action = output(ports.inPort);
export const ctClear: Action = { type: 'ct_clear' };

/** Open vSwitch suppresses output to the port of entry; a packet that turns around must have come from nowhere. */
export const forgetPort: Action = set('in_port', ports.any);

/** Looks the connection up (and translates, with `nat`), then goes on in `next` with ct_state filled in. */
export const track = (zone: number, next: TableName, nat = false): Action => ({
  type: 'ct',
  zone,
  table: tableIds[next],
  ...(nat && { nat: { type: 'nat' } as const }),
});

/** Creates the connection, or marks it anew when it exists. */
export const commit = (options: Omit<CtAction, 'type' | 'commit'>): Action => ({
  type: 'ct',
  commit: true,
  ...options,
});
