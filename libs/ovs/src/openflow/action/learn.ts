/** NXAST_LEARN: a flow that makes flows. nicira-ext.h, struct nx_action_learn and "flow_mod_spec". */
import { CodecError } from '../../errors.js';
import { fieldBits, fieldSpec } from '../fields.js';
import { type LearnAction, type LearnSpec, type Subfield } from '../flow.js';
import { type Span } from '../text/scanner.js';
import { formatSubfield, parseSubfield } from '../text/subfield.js';
import { formatHex, formatValue, parseValue } from '../text/values.js';
import { readHeader, writeHeader } from '../wire/oxm.js';
import { type Reader } from '../wire/reader.js';
import { type Writer } from '../wire/writer.js';
import { checkSubfield, cutArrow, isFieldText, subfieldOf } from './fields.js';
import { type ActionRecord, writeNicira } from './record.js';

const defaultPriority = 0x8000;
const [fromValue, toLoad, toOutput] = [1 << 13, 1 << 11, 2 << 11];
const widthMask = 0x7ff;

function writePart(writer: Writer, part: Subfield): void {
  checkSubfield(part);
  writeHeader(writer, part.field, 'legacy');
  writer.u16(part.from);
}

/** Immediate values fill whole 16-bit words. */
const valueBytes = (bits: number): number => 2 * Math.ceil(bits / 16);

function writeValue(writer: Writer, { field, bits }: Subfield, value: bigint): void {
  if (value < 0n || value >> BigInt(bits) !== 0n) {
    throw new CodecError(
      `learn's value 0x${value.toString(16)} is wider than the ${String(bits)} bits of ${field}`,
      'OVS_CODEC_UNENCODABLE',
    );
  }
  writer.uint(value, valueBytes(bits));
}

function writeSpec(writer: Writer, spec: LearnSpec): void {
  switch (spec.kind) {
    case 'match-field':
    case 'load-field':
      if (spec.src.bits !== spec.dst.bits) {
        throw new CodecError(`learn copies ${spec.src.field} to another width`, 'OVS_CODEC_UNENCODABLE');
      }
      writer.u16(spec.dst.bits | (spec.kind === 'load-field' ? toLoad : 0));
      writePart(writer, spec.src);
      writePart(writer, spec.dst);
      return;
    case 'match-value':
    case 'load-value':
      writer.u16(spec.dst.bits | fromValue | (spec.kind === 'load-value' ? toLoad : 0));
      writeValue(writer, spec.dst, spec.value);
      writePart(writer, spec.dst);
      return;
    case 'output':
      writer.u16(spec.src.bits | toOutput);
      writePart(writer, spec.src);
  }
}

function readPart(reader: Reader, bits: number): Subfield {
  const field = readHeader(reader);
  return subfieldOf(field, reader.u16(), bits);
}

function readSpec(reader: Reader, header: number): LearnSpec {
  const bits = header & widthMask;
  const load = (header & toLoad) !== 0;
  if ((header & toOutput) !== 0) return { kind: 'output', src: readPart(reader, bits) };
  if ((header & fromValue) !== 0) {
    const value = reader.uint(valueBytes(bits));
    if (value >> BigInt(bits) !== 0n) throw new CodecError('value of learn is wider than its field');
    return { kind: load ? 'load-value' : 'match-value', value, dst: readPart(reader, bits) };
  }
  const src = readPart(reader, bits);
  return { kind: load ? 'load-field' : 'match-field', src, dst: readPart(reader, bits) };
}

function readSpecs(reader: Reader): readonly LearnSpec[] {
  const specs: LearnSpec[] = [];
  while (reader.remaining >= 2) {
    const header = reader.u16();
    // Zeros are the padding at the end.
    if (header === 0) break;
    specs.push(readSpec(reader, header));
  }
  return specs;
}

const isSame = (a: Subfield, b: Subfield): boolean => a.field === b.field && a.from === b.from;

function formatSpec(spec: LearnSpec): string {
  switch (spec.kind) {
    case 'match-field':
      return isSame(spec.src, spec.dst)
        ? formatSubfield(spec.dst)
        : `${formatSubfield(spec.dst)}=${formatSubfield(spec.src)}`;
    case 'match-value': {
      const { field, bits } = spec.dst;
      return bits === fieldBits(field)
        ? `${fieldSpec(field).ofctl ?? field}=${formatValue(field, spec)}`
        : `${formatSubfield(spec.dst)}=${formatHex(spec.value)}`;
    }
    case 'load-field':
      return `load:${formatSubfield(spec.src)}->${formatSubfield(spec.dst)}`;
    case 'load-value':
      return `load:${formatHex(spec.value)}->${formatSubfield(spec.dst)}`;
    case 'output':
      return `output:${formatSubfield(spec.src)}`;
  }
}

function sameWidth(src: Subfield, dst: Subfield, at: Span): void {
  if (src.bits !== dst.bits) throw at.fail('source and destination differ in width');
}

function parseLoad(argument: Span): LearnSpec {
  const [value, destination] = cutArrow(argument);
  const dst = parseSubfield(destination);
  if (!isFieldText(value)) {
    return { kind: 'load-value', dst, value: value.integer((1n << BigInt(dst.bits)) - 1n) };
  }
  const src = parseSubfield(value);
  sameWidth(src, dst, destination);
  return { kind: 'load-field', src, dst };
}

function parseSpec(piece: Span): LearnSpec {
  const { text } = piece;
  if (text.startsWith('load:')) return parseLoad(piece.slice(5));
  if (text.startsWith('output:')) return { kind: 'output', src: parseSubfield(piece.slice(7)) };
  const pair = piece.cut('=');
  if (pair === undefined) {
    const field = parseSubfield(piece);
    return { kind: 'match-field', src: field, dst: field };
  }
  const dst = parseSubfield(pair[0]);
  if (isFieldText(pair[1])) {
    const src = parseSubfield(pair[1]);
    sameWidth(src, dst, pair[1]);
    return { kind: 'match-field', src, dst };
  }
  const { value } =
    dst.bits === fieldBits(dst.field)
      ? parseValue(dst.field, pair[1])
      : { value: pair[1].integer((1n << BigInt(dst.bits)) - 1n) };
  return { kind: 'match-value', dst, value };
}

type Setting = (value: Span) => Partial<LearnAction>;
const settings: ReadonlyMap<string, Setting> = new Map<string, Setting>([
  ['table', (value) => ({ table: value.number(254) })],
  ['priority', (value) => ({ priority: value.number(0xffff) })],
  ['idle_timeout', (value) => ({ idleTimeout: value.number(0xffff) })],
  ['hard_timeout', (value) => ({ hardTimeout: value.number(0xffff) })],
  ['cookie', (value) => ({ cookie: value.integer(0xffff_ffff_ffff_ffffn) })],
]);

function parse(rest: Span): LearnAction {
  let action: LearnAction = { type: 'learn', table: 1, priority: defaultPriority, specs: [] };
  const specs: LearnSpec[] = [];
  for (const piece of rest.inParentheses().split(',')) {
    const pair = piece.cut('=');
    const setting = pair === undefined ? undefined : settings.get(pair[0].text);
    if (pair !== undefined && setting !== undefined) action = { ...action, ...setting(pair[1]) };
    else specs.push(parseSpec(piece));
  }
  return { ...action, specs };
}

function format(action: LearnAction): string {
  const { table, priority, cookie = 0n, idleTimeout = 0, hardTimeout = 0, specs } = action;
  const parts = [
    `table=${String(table)}`,
    ...(idleTimeout === 0 ? [] : [`idle_timeout=${String(idleTimeout)}`]),
    ...(hardTimeout === 0 ? [] : [`hard_timeout=${String(hardTimeout)}`]),
    ...(priority === defaultPriority ? [] : [`priority=${String(priority)}`]),
    ...(cookie === 0n ? [] : [`cookie=${formatHex(cookie)}`]),
    ...specs.map(formatSpec),
  ];
  return `learn(${parts.join(',')})`;
}

export const learn: ActionRecord<LearnAction> = {
  numbers: [{ nicira: 16 }],
  words: ['learn'],
  write: (writer, action) => {
    writeNicira(writer, 16, () => {
      writer.u16(action.idleTimeout ?? 0);
      writer.u16(action.hardTimeout ?? 0);
      writer.u16(action.priority);
      writer.u64(action.cookie ?? 0n);
      writer.u16(0);
      writer.u8(action.table);
      writer.zeros(5);
      for (const spec of action.specs) writeSpec(writer, spec);
    });
  },
  read: (reader) => {
    const [idleTimeout, hardTimeout, priority] = [reader.u16(), reader.u16(), reader.u16()];
    const cookie = reader.u64();
    const flags = reader.u16();
    const table = reader.u8();
    reader.skip(1);
    const fin = reader.u32();
    const specs = readSpecs(reader);
    if (flags !== 0 || fin !== 0) return undefined;
    return {
      type: 'learn',
      table,
      priority,
      ...(cookie !== 0n && { cookie }),
      ...(idleTimeout !== 0 && { idleTimeout }),
      ...(hardTimeout !== 0 && { hardTimeout }),
      specs,
    };
  },
  format,
  parse,
};
