/** Random messages in the one form that they come back in: canonical matches, no redundant masks, notes padded. */
import fc from 'fast-check';
import { type FieldName, fieldBits, fieldNames, fieldSpec, rankOf } from '../fields.js';
import {
  type Action,
  type Bucket,
  type CtAction,
  type Flow,
  flowFlags,
  type Group,
  type LearnSpec,
  type MatchField,
  type Meter,
  type NatAction,
  ports,
  type Subfield,
} from '../flow.js';
import { checkPrerequisite, protocolsOf } from '../match.js';
import { type Message, type MultipartReply, type MultipartRequest } from '../messages.js';
import { formatIpv4, formatIpv6, formatMac } from '../text/addresses.js';

const uint = (bits: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** bits - 1 });
const big = (bits: number): fc.Arbitrary<bigint> => fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n });
const optional = <K extends string, V>(key: K, value: fc.Arbitrary<V>): fc.Arbitrary<Partial<Record<K, V>>> =>
  fc
    .option(value, { nil: undefined })
    .map((one): Partial<Record<K, V>> => (one === undefined ? {} : ({ [key]: one } as Record<K, V>)));
const merged = <T>(...parts: readonly fc.Arbitrary<object>[]): fc.Arbitrary<T> =>
  fc.tuple(...parts).map((all) => Object.assign({}, ...all) as T);

/** Wide registers come back as regs, the 16-bit port as the 32-bit one. */
const ownForm = (name: FieldName): boolean => !/^xx?reg|in_port_nxm/.test(name);

/** The flags of ct_state that have names; others have no text. */
const namedBits = { ct_state: 8 } as Partial<Record<FieldName, number>>;

function valueOf(field: FieldName): fc.Arbitrary<MatchField> {
  const bits = namedBits[field] ?? fieldBits(field);
  const all = (1n << BigInt(bits)) - 1n;
  const exact = big(bits).map((value): MatchField => ({ field, value }));
  if (!fieldSpec(field).maskable || bits === 1) return exact;
  const masked = fc
    .tuple(big(bits), fc.bigInt({ min: 1n, max: all - 1n }))
    .map(([value, mask]): MatchField => ({ field, value: value & mask, mask }));
  return fc.oneof(exact, masked);
}

const fixed = (pairs: Partial<Record<FieldName, number>>): readonly MatchField[] =>
  Object.entries(pairs).map(([field, value]) => ({ field: field as FieldName, value: BigInt(value) }));

const protocols: readonly (readonly MatchField[])[] = [
  [],
  fixed({ eth_type: 0x0806 }),
  fixed({ eth_type: 0x1234 }),
  ...[0x0800, 0x86dd].flatMap((type) => [
    fixed({ eth_type: type }),
    ...[6, 17, 132, 99].map((proto) => fixed({ eth_type: type, ip_proto: proto })),
  ]),
  fixed({ eth_type: 0x0800, ip_proto: 1 }),
  ...[135, 136].map((type) => fixed({ eth_type: 0x86dd, ip_proto: 58, icmpv6_type: type })),
];

const chosenByProtocol = new Set<FieldName>([
  'eth_type',
  'ip_proto',
  'icmpv6_type',
  'vlan_vid',
  'vlan_tci',
  'nw_tos',
  // Five of its value and mask pairs have names, the others have no text of their own.
  'ip_frag',
]);

function allowed(base: readonly MatchField[]): (name: FieldName) => boolean {
  const known = protocolsOf(base);
  return (name) => {
    try {
      checkPrerequisite(name, known);
      return ownForm(name) && !chosenByProtocol.has(name);
    } catch {
      return false;
    }
  };
}

export const matchArb: fc.Arbitrary<readonly MatchField[]> = fc.constantFrom(...protocols).chain((base) =>
  fc
    .subarray(fieldNames.filter(allowed(base)), { maxLength: 6 })
    .chain((names) => fc.tuple(...names.map(valueOf)))
    .map((extra) => [...base, ...extra].sort((a, b) => rankOf(a.field) - rankOf(b.field))),
);

const plainFields = fieldNames.filter((name) => fieldSpec(name).needs === 'none' && fieldSpec(name).writable);

const partOf = (field: FieldName): fc.Arbitrary<Subfield> =>
  fc
    .integer({ min: 0, max: fieldBits(field) - 1 })
    .chain((from) =>
      fc.integer({ min: 1, max: fieldBits(field) - from }).map((bits) => ({ field, from, bits })),
    );
const subfieldArb: fc.Arbitrary<Subfield> = fc.constantFrom(...plainFields).chain(partOf);

/** Two parts of equal width. */
const pairArb = fc.tuple(subfieldArb, subfieldArb).map(([a, b]) => {
  const bits = Math.min(a.bits, b.bits);
  return { src: { ...a, bits }, dst: { ...b, bits } };
});

const addressArb = fc.oneof(
  big(32).map((value) => ({ value, format: formatIpv4, bits: 32 })),
  big(128).map((value) => ({ value, format: formatIpv6, bits: 128 })),
);

const natArb: fc.Arbitrary<NatAction> = fc
  .record({
    address: addressArb,
    range: fc.boolean(),
    port: fc.option(fc.tuple(uint(16), uint(16)), { nil: undefined }),
    direction: fc.constantFrom('src' as const, 'dst' as const),
    flags: fc.subarray(['persistent', 'hash', 'random'] as const),
    bare: fc.boolean(),
  })
  .map(({ address: { value, format, bits }, range, port, direction, flags, bare }): NatAction => {
    if (bare) return { type: 'nat' };
    const last = format(value ^ (1n << BigInt(bits - 1)));
    return {
      type: 'nat',
      direction,
      address: { first: format(value), ...(range && { last }) },
      ...(port !== undefined && {
        port: { first: port[0], ...(port[1] !== port[0] && { last: port[1] }) },
      }),
      ...(flags.length > 0 && { flags }),
    };
  });

const setFieldArb: fc.Arbitrary<Action> = fc
  .constantFrom(...plainFields.filter((name) => name !== 'in_port_nxm' && name !== 'in_port'))
  .chain(valueOf)
  .map((field) => ({ type: 'set_field', ...field }));

const moveArb: fc.Arbitrary<Action> = pairArb.map((pair) => ({ type: 'move', ...pair }));

const ctArb: fc.Arbitrary<CtAction> = merged<CtAction>(
  fc.constant({ type: 'ct' }),
  fc.constantFrom({}, { commit: true }, { commit: true, force: true }),
  fc.oneof(
    fc.constant({}),
    fc.integer({ min: 1, max: 0xffff }).map((zone) => ({ zone })),
    partOf('reg3').map((zoneFrom) => ({ zoneFrom: { ...zoneFrom, bits: Math.min(16, zoneFrom.bits) } })),
  ),
  optional('table', fc.integer({ min: 0, max: 254 })),
  optional('nat', natArb),
  optional('exec', fc.array(fc.oneof(setFieldArb, moveArb), { minLength: 1, maxLength: 3 })),
);

const immediateArb = subfieldArb.chain((dst) => big(dst.bits).map((value) => ({ dst, value })));
const learnSpecArb: fc.Arbitrary<LearnSpec> = fc.oneof(
  pairArb.map((pair): LearnSpec => ({ kind: 'match-field', ...pair })),
  pairArb.map((pair): LearnSpec => ({ kind: 'load-field', ...pair })),
  immediateArb.map((one): LearnSpec => ({ kind: 'match-value', ...one })),
  immediateArb.map((one): LearnSpec => ({ kind: 'load-value', ...one })),
  subfieldArb.map((src): LearnSpec => ({ kind: 'output', src })),
);

const seconds = fc.integer({ min: 1, max: 0xffff });
const learnArb = merged<Action>(
  fc.record({
    type: fc.constant('learn'),
    table: uint(7),
    priority: uint(16),
    specs: fc.array(learnSpecArb, { maxLength: 5 }),
  }),
  optional('cookie', fc.bigInt({ min: 1n, max: 0xffff_ffff_ffff_ffffn })),
  optional('idleTimeout', seconds),
  optional('hardTimeout', seconds),
);

const portArb = fc.oneof(
  fc.integer({ min: 0, max: 0xfeff }),
  fc.constantFrom(ports.inPort, ports.local, ports.all, ports.flood, ports.normal),
);
const noteArb: fc.Arbitrary<Action> = fc
  .constantFrom(6, 14, 22)
  .chain((size) => fc.uint8Array({ minLength: size, maxLength: size }))
  .map((data) => ({ type: 'note', data }));

export const actionArb: fc.Arbitrary<Action> = fc.oneof(
  portArb.map((port): Action => ({ type: 'output', port })),
  uint(16).map((maxLength): Action => ({ type: 'controller', maxLength })),
  uint(32).map((group): Action => ({ type: 'group', group })),
  uint(32).map((meter): Action => ({ type: 'meter', meter })),
  setFieldArb,
  moveArb,
  merged<Action>(
    fc.constant({ type: 'resubmit' }),
    optional('table', fc.integer({ min: 0, max: 254 })),
    optional('port', fc.integer({ min: 0, max: 0xfeff })),
  ),
  fc
    .tuple(uint(16), subfieldArb)
    .map(([bytes, dst]): Action => ({ type: 'check_pkt_larger', bytes, dst: { ...dst, bits: 1 } })),
  fc.constantFrom<Action>(
    { type: 'ct_clear' },
    { type: 'dec_ttl' },
    { type: 'set_field', field: 'in_port', value: 0xffff_ffffn },
  ),
  noteArb,
  ctArb,
  learnArb,
);
const actionsArb = fc.array(actionArb, { maxLength: 5 });

export const flowArb: fc.Arbitrary<Flow> = merged<Flow>(
  fc.record({ table: fc.integer({ min: 0, max: 254 }), priority: uint(16), cookie: big(64) }),
  optional('idleTimeout', seconds),
  optional('hardTimeout', seconds),
  optional('importance', seconds),
  optional('flags', fc.subarray([...flowFlags], { minLength: 1 })),
  fc.record({ match: matchArb, actions: actionsArb }),
);

const weightArb = uint(16).filter((weight) => weight !== 1);
const bucketArb = (type: Group['type']): fc.Arbitrary<Bucket> =>
  merged<Bucket>(
    fc.record({ id: uint(31), actions: actionsArb }),
    type === 'select' ? optional('weight', weightArb) : fc.constant({}),
    optional('watchPort', portArb),
    optional('watchGroup', uint(31)),
  );

const selectionArb = fc
  .record({
    method: fc.constantFrom('hash' as const, 'dp_hash' as const),
    names: fc.subarray<FieldName>([
      'eth_src',
      'ip_src',
      'ip_dst',
      'ipv6_src',
      'ip_proto',
      'tcp_src',
      'udp_src',
    ]),
    mask: big(8),
  })
  .map(({ method, names, mask }) => ({
    method,
    fields: names.map((field) => (mask === 0n || mask === 255n ? { field } : { field, mask })),
  }));

export const groupArb: fc.Arbitrary<Group> = fc
  .constantFrom('all' as const, 'select' as const, 'indirect' as const, 'ff' as const)
  .chain((type) =>
    merged<Group>(
      fc.record({
        id: uint(31),
        type: fc.constant(type),
        buckets: fc.array(bucketArb(type), { maxLength: 4 }),
      }),
      type === 'select' ? optional('selection', selectionArb) : fc.constant({}),
    ),
  );

export const meterArb: fc.Arbitrary<Meter> = merged<Meter>(
  fc.record({ id: uint(31), unit: fc.constantFrom('kbps' as const, 'pktps' as const), rate: uint(32) }),
  fc.constantFrom({}, { stats: true }),
  optional('burst', uint(32)),
);

const maskedCookie = fc.record({ value: big(64), mask: fc.bigInt({ min: 1n, max: 0xffff_ffff_ffff_ffffn }) });
const narrowing = [
  optional('cookie', maskedCookie),
  optional('outPort', portArb),
  optional('outGroup', uint(31)),
] as const;
const filterArb = merged<object>(
  optional('table', fc.integer({ min: 0, max: 254 })),
  optional(
    'match',
    matchArb.filter((match) => match.length > 0),
  ),
  ...narrowing,
);

const position = fc.oneof(fc.constantFrom('first' as const, 'last' as const, 'all' as const), uint(31));
const data = fc.uint8Array({ maxLength: 64 });

const flowModArb = fc.oneof(
  merged<object>(
    fc.record({ command: fc.constantFrom('add', 'modify', 'modify_strict'), flow: flowArb }),
    optional('cookieMask', fc.bigInt({ min: 1n, max: 0xffff_ffff_ffff_ffffn })),
  ),
  fc.record({ command: fc.constant('delete'), filter: filterArb }),
  merged<object>(
    fc.record({ command: fc.constant('delete_strict'), table: uint(7), priority: uint(16), match: matchArb }),
    ...narrowing,
  ),
);
const groupModArb = fc.oneof(
  fc.record({ command: fc.constantFrom('add', 'modify', 'add_or_modify'), group: groupArb }),
  merged<object>(fc.constant({ command: 'delete' }), optional('group', uint(31))),
  fc.record({
    command: fc.constant('insert_bucket'),
    group: uint(31),
    position,
    buckets: fc.array(bucketArb('select'), { maxLength: 3 }),
  }),
  fc.record({ command: fc.constant('remove_bucket'), group: uint(31), position }),
);
const meterModArb = fc.oneof(
  fc.record({ command: fc.constantFrom('add', 'modify'), meter: meterArb }),
  merged<object>(fc.constant({ command: 'delete' }), optional('meter', uint(31))),
);

const counters = {
  packets: big(64),
  bytes: big(64),
  durationSeconds: uint(32),
  durationNanoseconds: uint(32),
};
const bucketStats = fc.record({ packets: big(64), bytes: big(64) });
const portDescription = fc.record({
  port: uint(32),
  mac: big(48).map(formatMac),
  name: fc.stringMatching(/^[a-z0-9-]{1,16}$/),
  config: uint(32),
  state: uint(32),
});
const text = fc.stringMatching(/^[a-zA-Z0-9 .]{0,31}$/);

const requestArb = fc.oneof(
  fc.constant({ kind: 'desc' }),
  filterArb.map((filter) => ({ kind: 'flow', filter })),
  ...(['group_desc', 'group_stats'] as const).map((kind) =>
    merged<object>(fc.constant({ kind }), optional('group', uint(31))),
  ),
  ...(['meter_desc', 'meter_stats'] as const).map((kind) =>
    merged<object>(fc.constant({ kind }), optional('meter', uint(31))),
  ),
  merged<object>(fc.constant({ kind: 'port_desc' }), optional('port', uint(31))),
) as fc.Arbitrary<MultipartRequest>;

const few = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<readonly T[]> => fc.array(one, { maxLength: 3 });
const replyArb = fc.oneof(
  fc.record({
    kind: fc.constant('desc'),
    manufacturer: text,
    hardware: text,
    software: text,
    serialNumber: text,
    datapath: text,
  }),
  few(fc.record({ flow: flowArb, ...counters })).map((flows) => ({ kind: 'flow', flows, unreadable: [] })),
  few(groupArb).map((groups) => ({ kind: 'group_desc', groups })),
  few(fc.record({ group: uint(32), references: uint(32), ...counters, buckets: few(bucketStats) })).map(
    (groups) => ({ kind: 'group_stats', groups }),
  ),
  few(meterArb).map((meters) => ({ kind: 'meter_desc', meters })),
  few(fc.record({ meter: uint(32), flows: uint(32), ...counters, bands: few(bucketStats) })).map(
    (meters) => ({ kind: 'meter_stats', meters }),
  ),
  few(portDescription).map((all) => ({ kind: 'port_desc', ports: all })),
) as fc.Arbitrary<MultipartReply>;

const bundleFlags = fc.record({ atomic: fc.boolean(), ordered: fc.boolean() });
const typed = (type: string, body: Record<string, fc.Arbitrary<unknown>> = {}): fc.Arbitrary<object> =>
  fc.record({ type: fc.constant(type), ...body });

export const messageArb: fc.Arbitrary<Message> = fc.oneof(
  typed('hello', { versions: fc.subarray([1, 2, 3, 4, 5, 6]) }),
  typed('echo_request', { data }),
  typed('echo_reply', { data }),
  ...['features_request', 'get_config_request', 'barrier_request', 'barrier_reply'].map((type) =>
    typed(type),
  ),
  typed('features_reply', {
    datapathId: big(64),
    buffers: uint(32),
    tables: uint(8),
    auxiliaryId: uint(8),
    capabilities: uint(32),
  }),
  typed('set_config', { flags: uint(16), missSendLength: uint(16) }),
  typed('get_config_reply', { flags: uint(16), missSendLength: uint(16) }),
  typed('packet_in', {
    reason: uint(8),
    table: uint(8),
    cookie: big(64),
    totalLength: uint(16),
    match: matchArb,
    data,
  }),
  typed('packet_out', { inPort: uint(32), actions: actionsArb, data }),
  typed('port_status', { reason: fc.constantFrom('add', 'delete', 'modify'), port: portDescription }),
  typed('flow_removed', {
    table: uint(8),
    priority: uint(16),
    cookie: big(64),
    match: matchArb,
    reason: fc.constantFrom(
      'idle_timeout',
      'hard_timeout',
      'delete',
      'group_delete',
      'meter_delete',
      'eviction',
    ),
    idleTimeout: uint(16),
    hardTimeout: uint(16),
    ...counters,
  }),
  typed('flow_mod', { mod: flowModArb }),
  typed('group_mod', { mod: groupModArb }),
  typed('meter_mod', { mod: meterModArb }),
  typed('bundle_control', {
    bundle: uint(32),
    command: fc.constantFrom('open_request', 'commit_reply', 'discard_request', 'close_reply'),
    flags: bundleFlags,
  }),
  typed('bundle_add', {
    bundle: uint(32),
    flags: bundleFlags,
    message: fc.oneof(typed('flow_mod', { mod: flowModArb }), typed('group_mod', { mod: groupModArb })),
  }),
  typed('multipart_request', { request: requestArb }),
  typed('multipart_reply', { more: fc.boolean(), reply: replyArb }),
  typed('experimenter', { experimenter: uint(32), subtype: uint(32), data }),
  typed('other', { messageType: fc.constantFrom(24, 30, 99), body: data }),
) as fc.Arbitrary<Message>;
