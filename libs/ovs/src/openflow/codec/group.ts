/** Groups and their buckets, openflow-1.5.h; the selection method is Netronome's property, netronome-ext.h. */
import { CodecError } from '../../errors.js';
import { readActions, writeActions } from '../action/list.js';
import { type Bucket, type Group } from '../flow.js';
import { type BucketPosition, type GroupMod } from '../messages.js';
import { allOnes, readField, writeField } from '../wire/oxm.js';
import { type Reader } from '../wire/reader.js';
import { type Writer } from '../wire/writer.js';
import { rankOf } from '../fields.js';

const types = ['all', 'select', 'indirect', 'ff'] as const;
/** `add_or_modify` is OFPGC15_ADD_OR_MOD, Open vSwitch's own. */
const commands = {
  add: 0,
  modify: 1,
  delete: 2,
  insert_bucket: 3,
  remove_bucket: 5,
  add_or_modify: 0x8000,
} as const;
const allGroups = 0xffff_fffc;
const positions = { first: 0xffff_fffd, last: 0xffff_fffe, all: 0xffff_ffff } as const;
const experimenterProperty = 0xffff;
const netronome = 0x154d;
const selectionMethod = 1;
const [weightProperty, watchPortProperty, watchGroupProperty] = [0, 1, 2];

const numberOf = (position: BucketPosition): number =>
  typeof position === 'number' ? position : positions[position];

function positionOf(number: number): BucketPosition {
  const names = ['first', 'last', 'all'] as const;
  return names.find((name) => positions[name] === number) ?? number;
}

function writeProperty(writer: Writer, type: number, value: number): void {
  writer.u16(type);
  writer.u16(8);
  writer.u32(value);
}

function writeBucket(writer: Writer, { id, weight, watchPort, watchGroup, actions }: Bucket): void {
  const start = writer.length;
  writer.u32(0);
  writer.u32(id);
  writeActions(writer, actions, undefined);
  writer.patchLength(start + 2, start + 8);
  // The weight stands in the upper half of the property's value.
  if (weight !== undefined) writeProperty(writer, weightProperty, weight * 0x1_0000);
  if (watchPort !== undefined) writeProperty(writer, watchPortProperty, watchPort);
  if (watchGroup !== undefined) writeProperty(writer, watchGroupProperty, watchGroup);
  writer.patchLength(start, start);
}

/** Buckets of a select group have a weight, 1 when it is not said. */
const weighted = (type: Group['type'], bucket: Bucket): Bucket =>
  type === 'select' ? { weight: 1, ...bucket } : bucket;

function readBucket(reader: Reader): Bucket {
  const length = reader.u16();
  const actionsLength = reader.u16();
  const id = reader.u32();
  const body = reader.sub(length - 8);
  const actions = readActions(body.sub(actionsLength));
  const properties = new Map<number, number>();
  while (body.remaining > 0) {
    const [type, size] = [body.u16(), body.u16()];
    const value = body.sub(size - 4);
    if (size === 8) properties.set(type, value.u32());
  }
  const weight = properties.get(weightProperty);
  const watchPort = properties.get(watchPortProperty);
  const watchGroup = properties.get(watchGroupProperty);
  return {
    id,
    ...(weight !== undefined && weight >>> 16 !== 1 && { weight: weight >>> 16 }),
    ...(watchPort !== undefined && { watchPort }),
    ...(watchGroup !== undefined && { watchGroup }),
    actions,
  };
}

function readBuckets(reader: Reader): readonly Bucket[] {
  const buckets: Bucket[] = [];
  while (reader.remaining > 0) buckets.push(readBucket(reader));
  return buckets;
}

type Selection = NonNullable<Group['selection']>;
type HashField = Selection['fields'][number];

const byRank = (a: HashField, b: HashField): number => rankOf(a.field) - rankOf(b.field);

/** Hash fields carry their mask as the value. */
function writeSelection(writer: Writer, { method, fields }: Selection): void {
  const start = writer.length;
  writer.u16(experimenterProperty);
  writer.u16(0);
  writer.u32(netronome);
  writer.u32(selectionMethod);
  writer.zeros(4);
  writer.raw(new TextEncoder().encode(method.padEnd(16, '\0')));
  writer.zeros(8);
  for (const { field, mask } of [...fields].sort(byRank)) {
    writeField(writer, { field, value: mask ?? allOnes(field) });
  }
  // Unlike most lengths of OpenFlow this one does not count the padding.
  writer.patchLength(start + 2, start);
  writer.pad8(start);
}

function readSelection(reader: Reader): Selection | undefined {
  if (reader.u32() !== netronome || reader.u32() !== selectionMethod) return undefined;
  reader.skip(4);
  const name = new TextDecoder().decode(reader.bytes(16)).replaceAll('\0', '');
  if (name !== 'hash' && name !== 'dp_hash') return undefined;
  reader.skip(8);
  const fields: HashField[] = [];
  while (reader.remaining > 0) {
    const { field, value } = readField(reader);
    fields.push(value === allOnes(field) ? { field } : { field, mask: value });
  }
  return { method: name, fields };
}

function readProperties(reader: Reader): Pick<Group, 'selection'> {
  let selection: Selection | undefined;
  while (reader.remaining >= 4) {
    const start = reader.offset;
    const [type, length] = [reader.u16(), reader.u16()];
    const body = reader.sub(length - 4);
    if (type === experimenterProperty) selection = readSelection(body);
    reader.pad8(start);
  }
  return selection === undefined ? {} : { selection };
}

interface Header {
  readonly command: number;
  readonly type: number;
  readonly group: number;
  readonly position: number;
}

interface Content {
  readonly buckets: readonly Bucket[];
  readonly selection?: Selection;
}

function writeMod(writer: Writer, header: Header, { buckets, selection }: Content): void {
  writer.u16(header.command);
  writer.u8(header.type);
  writer.u8(0);
  writer.u32(header.group);
  const at = writer.length;
  writer.u32(0);
  writer.u32(header.position);
  const start = writer.length;
  for (const bucket of buckets) writeBucket(writer, bucket);
  writer.patchLength(at, start);
  if (selection !== undefined) writeSelection(writer, selection);
}

const nothing: Content = { buckets: [] };

const contentOf = ({ type, buckets, selection }: Group): Content => ({
  buckets: buckets.map((bucket) => weighted(type, bucket)),
  ...(selection !== undefined && { selection }),
});

export function writeGroupMod(writer: Writer, mod: GroupMod): void {
  const base = { command: commands[mod.command], type: 0, position: positions.all };
  switch (mod.command) {
    case 'add':
    case 'modify':
    case 'add_or_modify': {
      const { id, type } = mod.group;
      writeMod(writer, { ...base, type: types.indexOf(type), group: id }, contentOf(mod.group));
      return;
    }
    case 'delete':
      writeMod(writer, { ...base, group: mod.group ?? allGroups }, nothing);
      return;
    case 'insert_bucket':
      writeMod(
        writer,
        { ...base, group: mod.group, position: numberOf(mod.position) },
        { buckets: mod.buckets },
      );
      return;
    case 'remove_bucket':
      writeMod(writer, { ...base, group: mod.group, position: numberOf(mod.position) }, nothing);
  }
}

function typeOf(number: number): Group['type'] {
  const type = types[number];
  if (type === undefined) throw new CodecError(`group has type ${String(number)}`);
  return type;
}

export function readGroupMod(reader: Reader): GroupMod {
  const number = reader.u16();
  const type = reader.u8();
  reader.skip(1);
  const group = reader.u32();
  const length = reader.u16();
  reader.skip(2);
  const position = positionOf(reader.u32());
  const buckets = readBuckets(reader.sub(length));
  const properties = readProperties(reader);
  const command = (Object.keys(commands) as (keyof typeof commands)[]).find(
    (name) => commands[name] === number,
  );
  switch (command) {
    case 'add':
    case 'modify':
    case 'add_or_modify':
      return { command, group: { id: group, type: typeOf(type), ...properties, buckets } };
    case 'delete':
      return group === allGroups ? { command } : { command, group };
    case 'insert_bucket':
      return { command, group, position, buckets };
    case 'remove_bucket':
      return { command, group, position };
    case undefined:
      throw new CodecError(`group mod has command ${String(number)}`);
  }
}

/** One group of a description, ofp15_group_desc_stats. */
export function writeGroup(writer: Writer, group: Group): void {
  const start = writer.length;
  writer.u16(0);
  writer.u8(types.indexOf(group.type));
  writer.u8(0);
  writer.u32(group.id);
  writer.zeros(8);
  const { buckets, selection } = contentOf(group);
  for (const bucket of buckets) writeBucket(writer, bucket);
  writer.patchLength(start + 8, start + 16);
  if (selection !== undefined) writeSelection(writer, selection);
  writer.patchLength(start, start);
}

export function readGroup(reader: Reader): Group {
  const length = reader.u16();
  const body = reader.sub(length - 2);
  const type = typeOf(body.u8());
  body.skip(1);
  const id = body.u32();
  const bucketsLength = body.u16();
  body.skip(6);
  const buckets = readBuckets(body.sub(bucketsLength));
  return { id, type, ...readProperties(body), buckets };
}

/** The number that means all groups in a request. */
export const everyGroup = allGroups;
