/**
 * IP arithmetic on bigints in host order. IPv6 text is RFC 5952 canonical; IPv4-mapped IPv6 is kept as IPv6.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { ConfigError } from './errors.js';

export type Family = 4 | 6;

export interface IpAddress {
  readonly family: Family;
  /** 32 or 128 bits. */
  readonly value: bigint;
}

export interface Cidr {
  readonly family: Family;
  /** Network address, host bits zero. */
  readonly network: bigint;
  readonly prefixLength: number;
}

/** Inclusive range of addresses of one family. */
export interface IpRange {
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
}

export const familyBits = (family: Family): number => (family === 4 ? 32 : 128);

const invalid = (text: string, expected: string): ConfigError =>
  new ConfigError('SLUICE_ADDRESS_INVALID', { message: `"${text}" is not ${expected}` });

function parseIPv4(text: string): bigint {
  return BigInt(text.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0));
}

function ipv6Groups(text: string): bigint[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [BigInt(`0x${group}`)];
    const v4 = parseIPv4(group);
    return [v4 >> 16n, v4 & 0xffffn];
  });
}

function parseIPv6(text: string): bigint {
  const [head = '', tail] = text.split('::');
  const left = ipv6Groups(head);
  const right = tail === undefined ? [] : ipv6Groups(tail);
  const zeros = new Array<bigint>(8 - left.length - right.length).fill(0n);
  return [...left, ...zeros, ...right].reduce((sum, group) => (sum << 16n) | group, 0n);
}

/**
 * A node reads the texts of thousands of addresses again at every pass, and big numbers are slow. What is remembered is a
 * pure function of the text; a bound, because users write texts.
 */
function remembered<T>(make: (text: string) => T): (text: string) => T {
  const mostTexts = 32_768;
  const known = new Map<string, T>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    if (known.size >= mostTexts) known.clear();
    const made = make(text);
    known.set(text, made);
    return made;
  };
}

const ipv6 = remembered((text): IpAddress => ({ family: 6, value: parseIPv6(text) }));

/** Parses one address. Zone ids and prefixes are refused. Throws ConfigError SLUICE_ADDRESS_INVALID. */
export function parseIp(text: string): IpAddress {
  if (isIPv4(text)) return { family: 4, value: parseIPv4(text) };
  if (isIPv6(text) && !text.includes('%')) return ipv6(text);
  throw invalid(text, 'an IPv4 or IPv6 address');
}

function formatIPv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn));
  const run = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  if (run === undefined) return hex.join(':');
  return `${hex.slice(0, run.start).join(':')}::${hex.slice(run.start + run.length).join(':')}`;
}

/** RFC 5952 section 4.2: the first longest run of two or more zero groups. */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } | undefined {
  let best: { start: number; length: number } | undefined;
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (end < groups.length && groups[end] === 0) end++;
    const length = end - start;
    if (length >= 2 && length > (best?.length ?? 0)) best = { start, length };
    if (length > 0) start = end;
  }
  return best;
}

export function formatIp({ family, value }: IpAddress): string {
  if (family === 6) return formatIPv6(value);
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join('.');
}

/** The canonical spelling of an address: equal addresses have equal text. */
export const canonicalIp = remembered((text: string): string => formatIp(parseIp(text)));

export function prefixMask(family: Family, prefixLength: number): bigint {
  const bits = BigInt(familyBits(family));
  const hostBits = bits - BigInt(prefixLength);
  return ((1n << bits) - 1n) ^ ((1n << hostBits) - 1n);
}

/** Parses "address/length"; a bare address is a /32 or /128. Host bits are cleared. */
export function parseCidr(text: string): Cidr {
  const [address = '', length, ...rest] = text.split('/');
  const { family, value } = parseIp(address);
  const prefixLength = length === undefined ? familyBits(family) : Number(length);
  const wellFormed = length === undefined || /^\d{1,3}$/.test(length);
  if (rest.length > 0 || !wellFormed || prefixLength > familyBits(family)) {
    throw invalid(text, 'a CIDR such as 198.18.0.0/24 or 2001:db8::/64');
  }
  return { family, network: value & prefixMask(family, prefixLength), prefixLength };
}

export const formatCidr = ({ family, network, prefixLength }: Cidr): string =>
  `${formatIp({ family, value: network })}/${prefixLength}`;

export function cidrRange({ family, network, prefixLength }: Cidr): IpRange {
  const last = network | ((1n << BigInt(familyBits(family) - prefixLength)) - 1n);
  return { family, first: network, last };
}

export const rangeContains = (range: IpRange, { family, value }: IpAddress): boolean =>
  range.family === family && value >= range.first && value <= range.last;

export const cidrContains = (cidr: Cidr, address: IpAddress): boolean =>
  rangeContains(cidrRange(cidr), address);

export const rangesOverlap = (a: IpRange, b: IpRange): boolean =>
  a.family === b.family && a.first <= b.last && b.first <= a.last;
