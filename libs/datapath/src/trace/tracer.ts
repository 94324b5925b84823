/**
 * Walks a packet through a compiled state as Open vSwitch would, without one: match evaluation, registers, groups with
 * liveness, conntrack with explicit state. For tests and for `explain`; conformance with ofproto/trace is tested.
 */
import { InternalError } from '@sluice/core';
import {
  type Action,
  type Bucket,
  type Flow,
  type Group,
  type LearnAction,
  type MatchField,
  type Subfield,
  ports,
} from '@sluice/ovs';
import { ones } from '../pipeline/matches.js';
import { Conntrack } from './conntrack.js';
import { Headers } from './headers.js';
import { type TracePacket } from './packet.js';
import { type Lookup, type Tracked, runCt } from './track.js';
import { readTuple, writeTuple } from './tuple.js';

export interface Delivery {
  /** Port number; `ports.local` for the host. */
  readonly port: number;
  /** As it leaves. */
  readonly headers: Headers;
}

export interface TraceResult {
  /** Where it comes out; empty: dropped. */
  readonly outputs: readonly Delivery[];
  /** Tables in the order of their look-ups. */
  readonly tables: readonly number[];
  /** The flow that took the packet in each of `tables`, undefined where none did. */
  readonly flows: readonly (Flow | undefined)[];
  /** Conntrack look-ups that went on in another table. */
  readonly lookups: readonly (Lookup & { readonly atTable: number })[];
  readonly learned: readonly Flow[];
}

export interface TraceState {
  readonly flows: readonly Flow[];
  readonly groups: readonly Group[];
}

export interface TraceOptions {
  /** Liveness of ports for fast failover; all alive when absent. */
  readonly live?: (port: number) => boolean;
  readonly conntrack?: Conntrack;
}

interface Walk extends Tracked {
  readonly record: {
    readonly outputs: Delivery[];
    readonly tables: number[];
    readonly flows: (Flow | undefined)[];
    readonly lookups: (Lookup & { readonly atTable: number })[];
    readonly learned: Flow[];
  };
  readonly depth: number;
}

/** Open vSwitch stops at 64 nested resubmits (MAX_DEPTH, ofproto-dpif-xlate.c). */
const maxDepth = 64;
const defaultLength = 60;

/** One bridge over several packets: connections and learned flows stay. */
export class Tracer {
  readonly conntrack: Conntrack;
  private readonly tables = new Map<number, Flow[]>();
  private readonly groups: ReadonlyMap<number, Group>;
  private readonly live: (port: number) => boolean;

  constructor(state: TraceState, options: TraceOptions = {}) {
    this.conntrack = options.conntrack ?? new Conntrack();
    this.live = options.live ?? (() => true);
    this.groups = new Map(state.groups.map((group) => [group.id, group]));
    for (const flow of state.flows) this.insert(flow);
    for (const flows of this.tables.values()) flows.sort((a, b) => b.priority - a.priority);
  }

  send(packet: TracePacket): TraceResult {
    const headers = new Headers({ ...packet.fields, in_port: BigInt(packet.inPort) });
    const record = { outputs: [], tables: [], flows: [], lookups: [], learned: [] };
    this.table(0, { headers, packet, record, depth: 0 });
    return record;
  }

  private insert(flow: Flow): void {
    const flows = this.tables.get(flow.table) ?? [];
    flows.push(flow);
    this.tables.set(flow.table, flows);
  }

  private table(id: number, walk: Walk): void {
    if (walk.depth > maxDepth) {
      throw new InternalError('SLUICE_PIPELINE_VIOLATION', {
        message: `the packet runs in circles: tables ${walk.record.tables.slice(-8).join(', ')}`,
      });
    }
    const flow = this.tables
      .get(id)
      ?.find(({ match }) => match.every((field) => walk.headers.matches(field)));
    walk.record.tables.push(id);
    walk.record.flows.push(flow);
    for (const action of flow?.actions ?? []) this.act(action, walk, id);
  }

  private act(action: Action, walk: Walk, table: number): void {
    const { headers } = walk;
    switch (action.type) {
      case 'set_field':
        if (action.mask === undefined) headers.set(action.field, action.value);
        else headers.setMasked(action.field, action.value, action.mask);
        return;
      case 'move':
        headers.write(action.dst, headers.read(action.src));
        return;
      case 'check_pkt_larger':
        headers.write(action.dst, (walk.packet.length ?? defaultLength) > action.bytes ? 1n : 0n);
        return;
      case 'resubmit':
        this.table(action.table ?? table, deeper(walk));
        return;
      case 'group':
        this.group(action.group, walk, table);
        return;
      case 'output':
        output(action.port, walk);
        return;
      case 'ct':
        this.track(action, walk, table);
        return;
      case 'ct_clear':
        walk.connection = undefined;
        clearTracking(walk);
        return;
      case 'learn':
        this.learn(action, walk);
        return;
      case 'meter':
      case 'note':
        return;
      case 'controller':
        walk.record.outputs.push({ port: ports.controller, headers: headers.clone() });
        return;
      case 'dec_ttl':
      case 'goto_table':
      case 'raw':
        throw new InternalError('SLUICE_INTERNAL', {
          message: `the pipeline does not use ${action.type}, the tracer does not know it`,
        });
    }
  }

  /** A bucket works on a copy: what it changes is gone behind the group. */
  private group(id: number, walk: Walk, table: number): void {
    const group = this.groups.get(id);
    for (const bucket of group === undefined ? [] : this.chosen(group)) {
      const copy: Walk = { ...deeper(walk), headers: walk.headers.clone() };
      for (const action of bucket.actions) this.act(action, copy, table);
    }
  }

  private chosen({ type, buckets, id }: Group): Group['buckets'] {
    switch (type) {
      case 'all':
        return buckets;
      case 'indirect':
        return buckets.slice(0, 1);
      case 'ff': {
        const first = buckets.find((bucket) => this.isLive(bucket));
        return first === undefined ? [] : [first];
      }
      case 'select':
        if (buckets.length === 1) return buckets;
        throw new InternalError('SLUICE_INTERNAL', {
          message: `group ${String(id)} selects by a hash that the tracer does not compute`,
        });
    }
  }

  /** One that watches a group lives while a bucket of that group does (ofproto-dpif-xlate.c, bucket_is_alive). */
  private isLive({ watchPort, watchGroup }: Bucket): boolean {
    if (watchPort === undefined && watchGroup === undefined) return true;
    if (watchPort !== undefined && this.live(watchPort)) return true;
    const watched = watchGroup === undefined ? undefined : this.groups.get(watchGroup);
    return watched?.buckets.some((bucket) => this.isLive(bucket)) ?? false;
  }

  /** Behind ct the fields of conntrack are known in the next table only (ofproto-dpif-xlate.c, flow_clear_conntrack). */
  private track(action: Action & { type: 'ct' }, walk: Walk, table: number): void {
    const next: Walk = { ...deeper(walk), headers: walk.headers.clone() };
    const lookup = runCt(this.conntrack, action, next);
    clearTracking(walk);
    if (action.table === undefined) {
      // What a commit translates leaves translated; no table behind it looks at addresses again.
      const tuple = action.nat === undefined ? undefined : readTuple(next.headers, 0);
      if (tuple !== undefined) writeTuple(walk.headers, tuple);
      return;
    }
    walk.record.lookups.push({ ...lookup, atTable: table });
    next.headers.set('ct_state', BigInt(lookup.state));
    next.headers.set('ct_zone', BigInt(lookup.zone));
    next.headers.set('ct_mark', lookup.mark);
    next.headers.set('ct_label', next.connection?.label ?? 0n);
    this.table(action.table, next);
  }

  private learn(action: LearnAction, walk: Walk): void {
    const flow = learnedFlow(action, walk.headers);
    const same = (other: Flow): boolean =>
      other.priority === flow.priority &&
      other.match.length === flow.match.length &&
      other.match.every((field, i) => field.value === flow.match[i]?.value);
    const rest = (this.tables.get(flow.table) ?? []).filter((other) => !same(other));
    this.tables.set(
      flow.table,
      [...rest, flow].sort((a, b) => b.priority - a.priority),
    );
    walk.record.learned.push(flow);
  }
}

const deeper = (walk: Walk): Walk => ({ ...walk, depth: walk.depth + 1 });

function clearTracking({ headers }: Walk): void {
  for (const field of ['ct_state', 'ct_zone', 'ct_mark', 'ct_label'] as const) headers.set(field, 0n);
}

/** Output to the port of entry is suppressed unless it says IN_PORT. */
function output(port: number, { headers, record }: Walk): void {
  const entry = Number(headers.get('in_port') ?? BigInt(ports.any));
  if (port === entry || (port === ports.inPort && entry === ports.any)) return;
  record.outputs.push({ port: port === ports.inPort ? entry : port, headers: headers.clone() });
}

const masked = ({ field, from, bits }: Subfield, value: bigint): MatchField => ({
  field,
  value: value << BigInt(from),
  mask: ones(bits) << BigInt(from),
});

function learnedFlow(action: LearnAction, headers: Headers): Flow {
  const match: MatchField[] = [];
  const actions: Action[] = [];
  for (const spec of action.specs) {
    if (spec.kind === 'match-field') match.push(masked(spec.dst, headers.read(spec.src)));
    if (spec.kind === 'match-value') match.push(masked(spec.dst, spec.value));
    if (spec.kind === 'load-field' || spec.kind === 'load-value') {
      const value = spec.kind === 'load-field' ? headers.read(spec.src) : spec.value;
      actions.push({ type: 'set_field', ...masked(spec.dst, value) });
    }
  }
  return {
    table: action.table,
    priority: action.priority,
    cookie: action.cookie ?? 0n,
    match,
    actions,
    ...(action.hardTimeout !== undefined && { hardTimeout: action.hardTimeout }),
  };
}

/** One packet through one state; connections accumulate in `options.conntrack`. */
export const trace = (state: TraceState, packet: TracePacket, options?: TraceOptions): TraceResult =>
  new Tracer(state, options).send(packet);
