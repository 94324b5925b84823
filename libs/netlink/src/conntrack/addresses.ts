/** Addresses as attributes: four or sixteen bytes, canonical text. */
import { isIPv4 } from 'node:net';
import { formatIp, parseIp } from '@sluice/core';
import { ConntrackCodecError, type ValueCodec } from './attributes.js';

function wrongLength(size: number, from: number, to: number): ConntrackCodecError {
  return new ConntrackCodecError(`an address of ${size} bytes has ${to - from} at byte ${from}`);
}

const octet = (value: number, shift: number): string => String((value >>> shift) & 0xff);

export const ipv4: ValueCodec<string> = {
  nested: false,
  decode(view, from, to) {
    if (to - from !== 4) throw wrongLength(4, from, to);
    const value = view.getUint32(from);
    return `${octet(value, 24)}.${octet(value, 16)}.${octet(value, 8)}.${octet(value, 0)}`;
  },
  encode(writer, text) {
    if (!isIPv4(text)) throw new ConntrackCodecError(`${text} is not an IPv4 address`);
    // Not by parseIp: bigints would be most of the time that an insert takes.
    writer.u32(text.split('.').reduce((value, part) => value * 256 + Number(part), 0));
  },
};

const low = 0xffff_ffff_ffff_ffffn;

export const ipv6: ValueCodec<string> = {
  nested: false,
  decode(view, from, to) {
    if (to - from !== 16) throw wrongLength(16, from, to);
    const value = (view.getBigUint64(from) << 64n) | view.getBigUint64(from + 8);
    return formatIp({ family: 6, value });
  },
  encode(writer, text) {
    const { family, value } = parseIp(text);
    if (family !== 6) throw new ConntrackCodecError(`${text} is not an IPv6 address`);
    for (const word of [value >> 64n, value & low]) {
      writer.u32(Number(word >> 32n));
      writer.u32(Number(word & 0xffff_ffffn));
    }
  },
};
