/** One field on the wire: OXM or NXM header, value, mask. ovs-fields(7), "Header format"; openflow-1.2.h. */
import { CodecError } from '../../errors.js';
import { type FieldName, type OxmHeader, fieldNames, fieldSpec } from '../fields.js';
import { type MatchField } from '../flow.js';
import { type Reader } from './reader.js';
import { type Writer } from './writer.js';

const maskFlag = 0x100;

interface WireField {
  readonly name: FieldName;
  readonly bytes: number;
  readonly maskable: boolean;
  /** Header without and with a mask. */
  readonly exact: number;
  readonly masked: number;
  /** Header of learn's specs: NXM where there is one. */
  readonly legacy: number;
  /** One more than the largest value. */
  readonly limit: bigint;
}

const packed = ({ class: oxmClass, number, bytes }: OxmHeader): number =>
  oxmClass * 0x1_0000 + number * 0x200 + bytes;

const wireFields = Object.fromEntries(
  fieldNames.map((name): [string, WireField] => {
    const { header, legacy = header, bits, maskable } = fieldSpec(name);
    const exact = packed(header);
    return [
      name,
      {
        name,
        bytes: header.bytes,
        maskable,
        exact,
        masked: exact + maskFlag + header.bytes,
        legacy: packed(legacy),
        limit: 1n << BigInt(bits),
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

export const allOnes = (name: FieldName): bigint => wireFields[name].limit - 1n;

const unencodable = (message: string): CodecError => new CodecError(message, 'OVS_CODEC_UNENCODABLE');
const hex = (value: bigint): string => `0x${value.toString(16)}`;

function checkValue({ name, limit }: WireField, value: bigint, what: string): void {
  if (value < 0n || value >= limit) {
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

/** Header, value and, unless it is absent or all ones, mask. Raises CodecError for what the field cannot hold. */
export function writeField(writer: Writer, { field: name, value, mask }: MatchField): void {
  const field = wireFields[name];
  checkValue(field, value, 'value');
  if (mask === undefined || mask === field.limit - 1n) {
    writer.u32(field.exact);
    writer.uint(value, field.bytes);
    return;
  }
  checkMask(field, value, mask);
  writer.u32(field.masked);
  writer.uint(value, field.bytes);
  writer.uint(mask, field.bytes);
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
  if (value >= field.limit) throw new CodecError(`${field.name} cannot be ${hex(value)}`);
  if (!masked) return { field: field.name, value };
  const mask = reader.uint(field.bytes) & (field.limit - 1n);
  return mask === field.limit - 1n
    ? { field: field.name, value }
    : { field: field.name, value: value & mask, mask };
}
