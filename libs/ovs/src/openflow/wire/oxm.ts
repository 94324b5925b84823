/** One field on the wire: OXM or NXM header, value, mask. ovs-fields(7), "Header format"; openflow-1.2.h. */
import { CodecError } from '../../errors.js';
import { type FieldName, type OxmHeader, fieldNames, fieldSpec, rankOf } from '../fields.js';
import { type MatchField } from '../flow.js';
import { type Reader } from './reader.js';
import { type Writer } from './writer.js';

const maskFlag = 0x100;

export interface WireField {
  readonly name: FieldName;
  /** Position in the table of fields, which is the order on the wire. */
  readonly rank: number;
  /** One of the registers that are several 32-bit ones. */
  readonly isWide: boolean;
  readonly bytes: number;
  readonly maskable: boolean;
  /** Header without and with a mask. */
  readonly exact: number;
  readonly masked: number;
  /** Header of learn's specs: NXM where there is one. */
  readonly legacy: number;
  /** The largest value: all bits of the field. */
  readonly ones: bigint;
  /** The same as a number: exact up to four bytes, which is all that asks for it. */
  readonly largest: number;
}

const packed = ({ class: oxmClass, number, bytes }: OxmHeader): number =>
  oxmClass * 0x1_0000 + number * 0x200 + bytes;

const wireFields = Object.fromEntries(
  fieldNames.map((name): [string, WireField] => {
    const { header, legacy = header, bits, maskable } = fieldSpec(name);
    const exact = packed(header);
    const ones = (1n << BigInt(bits)) - 1n;
    return [
      name,
      {
        name,
        rank: rankOf(name),
        isWide: name.startsWith('x'),
        bytes: header.bytes,
        maskable,
        exact,
        masked: exact + maskFlag + header.bytes,
        legacy: packed(legacy),
        ones,
        largest: Number(ones),
      },
    ];
  }),
) as Readonly<Record<FieldName, WireField>>;

/** Class and number, the upper 23 bits, decide which field it is. */
const byNumber: ReadonlyMap<number, WireField> = new Map(
  Object.values(wireFields).flatMap((field) => [
    [field.exact >>> 9, field] as const,
    [field.legacy >>> 9, field] as const,
  ]),
);

/** All that is known of a field, by one look: matches are looked at a million times in a row. */
export const wireField = (name: FieldName): WireField => wireFields[name];

export const allOnes = (name: FieldName): bigint => wireFields[name].ones;

const unencodable = (message: string): CodecError => new CodecError(message, 'OVS_CODEC_UNENCODABLE');
const hex = (value: bigint): string => `0x${value.toString(16)}`;

function checkValue({ name, ones }: WireField, value: bigint, what: string): void {
  if (value < 0n || value > ones) {
    throw unencodable(`${what} ${hex(value)} is wider than ${name}'s ${String(fieldSpec(name).bits)} bits`);
  }
}

function checkMask(field: WireField, value: bigint, mask: bigint): void {
  if (!field.maskable) throw unencodable(`${field.name} takes no mask`);
  checkValue(field, mask, 'mask');
  if ((value & ~mask) !== 0n) {
    throw unencodable(`${field.name} has bits of ${hex(value)} outside of its mask ${hex(mask)}`);
  }
}

/** Whether value and mask are ones that `checkValue` and `checkMask` take, found with numbers: those are quicker. */
const isPlain = ({ bytes, maskable, largest }: WireField, value: number, mask = largest): boolean =>
  bytes <= 4 &&
  value >= 0 &&
  value <= largest &&
  (mask === largest || (maskable && mask >= 0 && mask <= largest && (value & ~mask) === 0));

function check(field: WireField, value: bigint, mask: bigint | undefined): void {
  if (isPlain(field, Number(value), mask === undefined ? undefined : Number(mask))) return;
  checkValue(field, value, 'value');
  if (mask !== undefined) checkMask(field, value, mask);
}

/** Raises CodecError for what the field cannot hold. */
export function checkField({ field, value, mask }: MatchField): void {
  check(wireFields[field], value, mask);
}

/** Header, value and, unless it is absent or all ones, mask. Raises CodecError for what the field cannot hold. */
export function writeField(writer: Writer, entry: MatchField): void {
  const field = wireFields[entry.field];
  const { bytes } = field;
  const { value } = entry;
  const mask = entry.mask === field.ones ? undefined : entry.mask;
  check(field, value, mask);
  writer.u32(mask === undefined ? field.exact : field.masked);
  writer.uint(value, bytes);
  if (mask !== undefined) writer.uint(mask, bytes);
}

/** Only the header, as copy_field and learn carry it. */
export function writeHeader(writer: Writer, name: FieldName, form: 'oxm' | 'legacy' = 'oxm'): void {
  writer.u32(form === 'oxm' ? wireFields[name].exact : wireFields[name].legacy);
}

function known(header: number): WireField {
  const field = byNumber.get(header >>> 9);
  if (field === undefined) {
    throw new CodecError(`no field has header 0x${header.toString(16).padStart(8, '0')}`);
  }
  return field;
}

export function readHeader(reader: Reader): FieldName {
  const header = reader.u32();
  const field = known(header);
  if ((header & 0x1ff) !== field.bytes) throw wrongLength(field, header);
  return field.name;
}

const wrongLength = ({ name }: WireField, header: number): CodecError =>
  new CodecError(`header 0x${header.toString(16).padStart(8, '0')} has a wrong length for ${name}`);

/** One field. Bits outside of the mask and masks of all ones are not kept. */
export function readField(reader: Reader): MatchField {
  const header = reader.u32();
  const field = known(header);
  const masked = (header & maskFlag) !== 0;
  if ((header & 0xff) !== field.bytes * (masked ? 2 : 1)) throw wrongLength(field, header);
  const value = reader.uint(field.bytes);
  if (value > field.ones) throw new CodecError(`${field.name} cannot be ${hex(value)}`);
  if (!masked) return { field: field.name, value };
  const mask = reader.uint(field.bytes) & field.ones;
  return mask === field.ones
    ? { field: field.name, value }
    : { field: field.name, value: value & mask, mask };
}
