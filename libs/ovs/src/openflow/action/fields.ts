/** Actions that write fields of the packet or its registers. */
import { CodecError } from '../../errors.js';
import { type FieldName, fieldBits, fieldSpec } from '../fields.js';
import { type MatchField, type Subfield } from '../flow.js';
import { checkPrerequisite, type Protocols } from '../match.js';
import { narrowPort, widenPort } from '../text/ports.js';
import { type Span } from '../text/scanner.js';
import { fieldByName, formatSubfield, parseField, parseSubfield } from '../text/subfield.js';
import { formatValue, parseValue } from '../text/values.js';
import { readField, readHeader, writeField, writeHeader } from '../wire/oxm.js';
import { type ActionOf, type ActionRecord, afterColon, writeNicira, writeStandard } from './record.js';

type SetField = ActionOf<'set_field'>;

function checkUsable(field: FieldName, protocols: Protocols | undefined): void {
  if (protocols !== undefined) checkPrerequisite(field, protocols);
}

export function checkWritable(field: FieldName, protocols: Protocols | undefined): void {
  if (!fieldSpec(field).writable) throw new CodecError(`${field} is read-only`, 'OVS_CODEC_UNENCODABLE');
  checkUsable(field, protocols);
}

export function checkSubfield({ field, from, bits }: Subfield): void {
  if (bits < 1 || from < 0 || from + bits > fieldBits(field)) {
    throw new CodecError(
      `${field} has ${String(fieldBits(field))} bits, not ${String(from)}..${String(from + bits - 1)}`,
      'OVS_CODEC_UNENCODABLE',
    );
  }
}

/** A part of a field as it came from the wire. */
export function subfieldOf(field: FieldName, from: number, bits: number): Subfield {
  if (bits < 1 || from + bits > fieldBits(field)) {
    throw new CodecError(`${field} has no bits ${String(from)}..${String(from + bits - 1)}`);
  }
  return { field, from, bits };
}

/** `VALUE->DESTINATION`. */
export function cutArrow(span: Span): readonly [Span, Span] {
  const pair = span.cut('->');
  if (pair === undefined) throw span.fail('"->" expected');
  return pair;
}

/** `load:` writes a part of a field: in OpenFlow 1.5 that is a masked set_field. */
function parseLoad(rest: Span): SetField {
  const [value, destination] = cutArrow(rest);
  const { field, from, bits } = parseSubfield(destination);
  const ones = (1n << BigInt(bits)) - 1n;
  const shift = BigInt(from);
  const part = value.integer(ones) << shift;
  return fromWire({ field, value: part, ...(bits !== fieldBits(field) && { mask: ones << shift }) });
}

/**
 * The port of entry is written in its 16-bit form: the 32-bit field refuses ANY ("from nowhere"), which is the one value
 * worth writing (OFPBAC_BAD_SET_ARGUMENT, Open vSwitch 3.1).
 */
const toWire = (action: SetField): MatchField => {
  const { field, value, mask } = action;
  if (field !== 'in_port') return action;
  if (mask !== undefined) throw new CodecError('in_port takes no mask', 'OVS_CODEC_UNENCODABLE');
  return { field: 'in_port_nxm', value: BigInt(narrowPort(Number(value))) };
};

const fromWire = ({ field, value, mask }: MatchField): SetField =>
  field === 'in_port_nxm'
    ? { type: 'set_field', field: 'in_port', value: BigInt(widenPort(Number(value))) }
    : { type: 'set_field', field, value, ...(mask !== undefined && { mask }) };

export const setField: ActionRecord<SetField> = {
  numbers: [{ standard: 25 }],
  words: ['set_field', 'load'],
  write: (writer, action, { protocols }) => {
    checkWritable(action.field, protocols);
    writeStandard(writer, 25, () => {
      writeField(writer, toWire(action));
    });
  },
  read: (reader) => fromWire(readField(reader)),
  format: (action) =>
    `set_field:${formatValue(action.field, action)}->${fieldSpec(action.field).ofctl ?? action.field}`,
  parse: (rest, _list, word) => {
    if (word.text === 'load') return parseLoad(afterColon(rest));
    const [value, destination] = cutArrow(afterColon(rest));
    const field = parseField(destination);
    return fromWire({ field, ...parseValue(field, value) });
  },
};

export const move: ActionRecord<ActionOf<'move'>> = {
  numbers: [{ standard: 28 }],
  words: ['move'],
  write: (writer, { src, dst }, { protocols }) => {
    checkSubfield(src);
    checkSubfield(dst);
    if (src.bits !== dst.bits) {
      throw new CodecError(`move of ${src.field} to ${dst.field} has two widths`, 'OVS_CODEC_UNENCODABLE');
    }
    checkUsable(src.field, protocols);
    checkWritable(dst.field, protocols);
    writeStandard(writer, 28, () => {
      writer.u16(src.bits);
      writer.u16(src.from);
      writer.u16(dst.from);
      writer.zeros(2);
      writeHeader(writer, src.field);
      writeHeader(writer, dst.field);
    });
  },
  read: (reader) => {
    const [bits, srcFrom, dstFrom] = [reader.u16(), reader.u16(), reader.u16()];
    reader.skip(2);
    const [src, dst] = [readHeader(reader), readHeader(reader)];
    return { type: 'move', src: subfieldOf(src, srcFrom, bits), dst: subfieldOf(dst, dstFrom, bits) };
  },
  format: ({ src, dst }) => `move:${formatSubfield(src)}->${formatSubfield(dst)}`,
  parse: (rest) => {
    const [src, dst] = cutArrow(afterColon(rest));
    const action = { type: 'move', src: parseSubfield(src), dst: parseSubfield(dst) } as const;
    if (action.src.bits !== action.dst.bits) throw dst.fail('source and destination differ in width');
    return action;
  },
};

export const checkPktLarger: ActionRecord<ActionOf<'check_pkt_larger'>> = {
  numbers: [{ nicira: 49 }],
  words: ['check_pkt_larger'],
  write: (writer, { bytes, dst }, { protocols }) => {
    checkSubfield(dst);
    checkWritable(dst.field, protocols);
    if (dst.bits !== 1) {
      throw new CodecError('check_pkt_larger writes one bit', 'OVS_CODEC_UNENCODABLE');
    }
    writeNicira(writer, 49, () => {
      writer.u16(bytes);
      writer.u16(dst.from);
      writeHeader(writer, dst.field, 'legacy');
      writer.zeros(6);
    });
  },
  read: (reader) => {
    const bytes = reader.u16();
    const from = reader.u16();
    return { type: 'check_pkt_larger', bytes, dst: subfieldOf(readHeader(reader), from, 1) };
  },
  format: ({ bytes, dst }) => `check_pkt_larger(${String(bytes)})->${formatSubfield(dst)}`,
  parse: (rest) => {
    const [bytes, dst] = cutArrow(rest);
    return {
      type: 'check_pkt_larger',
      bytes: bytes.inParentheses().number(0xffff),
      dst: parseSubfield(dst),
    };
  },
};

/** A value or a part of a field, as learn and load have it. */
export function isFieldText(span: Span): boolean {
  const name = /^[A-Za-z0-9_]+/.exec(span.text)?.[0] ?? '';
  return fieldByName(name) !== undefined;
}

export const decTtl: ActionRecord<ActionOf<'dec_ttl'>> = {
  numbers: [{ standard: 24 }],
  words: ['dec_ttl'],
  write: (writer) => {
    writeStandard(writer, 24, () => undefined);
  },
  read: () => ({ type: 'dec_ttl' }),
  format: () => 'dec_ttl',
  parse: () => ({ type: 'dec_ttl' }),
};
