/** Values of fields as ovs-ofctl writes and reads them: one record per format. lib/meta-flow.c, mf_format and mf_parse. */
import { type FieldFormat, type FieldName, fieldSpec } from '../fields.js';
import { allOnes } from '../wire/oxm.js';
import {
  formatIpv4,
  formatIpv6,
  formatMac,
  parseIpv4,
  parseIpv6,
  parseMac,
  prefixLength,
  prefixMask,
} from './addresses.js';
import { formatPort, narrowPort, parsePort, widenPort } from './ports.js';
import { type Span } from './scanner.js';

export interface Masked {
  readonly value: bigint;
  readonly mask?: bigint;
}

interface ValueFormat {
  format(masked: Masked, bits: number): string;
  parse(span: Span, name: FieldName): Masked;
}

export const formatHex = (value: bigint): string => (value === 0n ? '0' : `0x${value.toString(16)}`);
const withMask = (value: string, mask: string | undefined): string =>
  mask === undefined ? value : `${value}/${mask}`;

/** `value` or `value/mask`, each by `one`. */
function parsePair(span: Span, one: (part: Span) => bigint): Masked {
  const pair = span.cut('/');
  if (pair === undefined) return { value: one(span) };
  return { value: one(pair[0]), mask: one(pair[1]) };
}

const numeric = (format: (value: bigint) => string): ValueFormat => ({
  format: ({ value, mask }) =>
    mask === undefined ? format(value) : `${formatHex(value)}/${formatHex(mask)}`,
  parse: (span, name) => parsePair(span, (part) => part.integer(allOnes(name))),
});

function expected(span: Span, value: bigint | undefined, what: string): bigint {
  if (value === undefined) throw span.fail(`"${span.text}" is not ${what}`);
  return value;
}

const mac: ValueFormat = {
  format: ({ value, mask }) => withMask(formatMac(value), mask === undefined ? undefined : formatMac(mask)),
  parse: (span) => parsePair(span, (part) => expected(part, parseMac(part.text), 'a MAC address')),
};

/** A mask may be a prefix length or an address. */
function address(
  format: (value: bigint) => string,
  parse: (text: string) => bigint | undefined,
  bits: number,
): ValueFormat {
  const what = bits === 32 ? 'an IPv4 address' : 'an IPv6 address';
  const parseMask = (span: Span): bigint =>
    /^\d+$/.test(span.text)
      ? prefixMask(span.number(bits), bits)
      : expected(span, parse(span.text), 'a mask');
  return {
    format: ({ value, mask }) =>
      withMask(
        format(value),
        mask === undefined ? undefined : (prefixLength(mask, bits)?.toString() ?? format(mask)),
      ),
    parse: (span) => {
      const pair = span.cut('/');
      if (pair === undefined) return { value: expected(span, parse(span.text), what) };
      return { value: expected(pair[0], parse(pair[0].text), what), mask: parseMask(pair[1]) };
    },
  };
}

const port: ValueFormat = {
  format: ({ value }) => formatPort(Number(value)),
  parse: (span) => ({ value: BigInt(parsePort(span)) }),
};

/** Ports of OpenFlow 1.0: the reserved ones are the last of 16 bits. */
const port16: ValueFormat = {
  format: ({ value }) => formatPort(widenPort(Number(value))),
  parse: (span) => ({ value: BigInt(narrowPort(parsePort(span))) }),
};

/** lib/meta-flow.c, all_frags: the first of a name is what it means. */
const frags = [
  { name: 'no', mask: 3n, value: 0n },
  { name: 'first', mask: 3n, value: 1n },
  { name: 'later', mask: 3n, value: 3n },
  { name: 'no', mask: 1n, value: 0n },
  { name: 'yes', mask: 1n, value: 1n },
  { name: 'not_later', mask: 2n, value: 0n },
  { name: 'later', mask: 2n, value: 2n },
] as const;

const frag: ValueFormat = {
  format: ({ value, mask = 3n }) =>
    frags.find((one) => one.value === value && one.mask === mask)?.name ?? '<error>',
  parse: (span) => {
    const found = frags.find(({ name }) => name === span.text);
    if (found === undefined) throw span.fail(`"${span.text}" is not a fragment kind`);
    return found.mask === 3n ? { value: found.value } : { value: found.value, mask: found.mask };
  },
};

/** Bits by name, `+name` set and `-name` clear; without a mask `name|name`. */
function flags(names: readonly (string | undefined)[], formatExact: boolean): ValueFormat {
  const shown = (value: bigint, mask: bigint): string =>
    names
      .flatMap((name, i) =>
        name !== undefined && (mask >> BigInt(i)) & 1n
          ? [`${(value >> BigInt(i)) & 1n ? '+' : '-'}${name}`]
          : [],
      )
      .join('');
  const known = (1n << BigInt(names.length)) - 1n;
  return {
    format: ({ value, mask }, bits) => {
      if (mask !== undefined && (mask & ~known) === 0n) return shown(value, mask);
      if (mask !== undefined) return `${formatHex(value)}/${formatHex(mask)}`;
      if (!formatExact) return shown(value, (1n << BigInt(bits)) - 1n);
      return value === 0n ? '0' : names.filter((_, i) => (value >> BigInt(i)) & 1n).join('|');
    },
    parse: (span, name) => parseFlags(span, name, names),
  };
}

function parseFlags(span: Span, field: FieldName, names: readonly (string | undefined)[]): Masked {
  const { text } = span;
  if (/^\d/.test(text)) return parsePair(span, (part) => part.integer(allOnes(field)));
  const bit = (name: string, at: number): bigint => {
    const index = names.indexOf(name);
    if (index < 0) throw span.slice(at).fail(`"${name}" is not a flag of ${field}`);
    return 1n << BigInt(index);
  };
  let value = 0n;
  let mask = 0n;
  if (!/^[+-]/.test(text)) {
    return { value: text.split('|').reduce((all, name) => all | bit(name, text.indexOf(name)), 0n) };
  }
  for (const part of text.matchAll(/([+-])([^+-]*)/g)) {
    const one = bit(part[2] ?? '', part.index + 1);
    mask |= one;
    if (part[1] === '+') value |= one;
  }
  return { value, mask };
}

const ctFlags = ['new', 'est', 'rel', 'rpl', 'inv', 'trk', 'snat', 'dnat'] as const;
const tcpFlags = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr', 'ns', '[200]', '[400]', '[800]'];

const formats: Readonly<Record<FieldFormat, ValueFormat>> = {
  decimal: numeric((value) => value.toString()),
  hex: numeric(formatHex),
  mac,
  ipv4: address(formatIpv4, parseIpv4, 32),
  ipv6: address(formatIpv6, parseIpv6, 128),
  port,
  port16,
  frag,
  ct_state: flags(ctFlags, true),
  tcp_flags: flags(tcpFlags, true),
  tun_flags: flags(['oam'], false),
};

export const formatValue = (name: FieldName, masked: Masked): string =>
  formats[fieldSpec(name).format].format(masked, fieldSpec(name).bits);

/** The value of `name`. Bits outside of the mask are cleared, as ovs-ofctl does; a mask of all ones is none. */
export function parseValue(name: FieldName, span: Span): Masked {
  const { value, mask } = formats[fieldSpec(name).format].parse(span, name);
  if (mask === undefined || mask === allOnes(name)) return { value };
  return { value: value & mask, mask };
}
