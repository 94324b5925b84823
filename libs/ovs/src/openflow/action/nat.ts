/** NXAST_NAT, which stands only as the first action inside of ct. nicira-ext.h, struct nx_action_nat. */
import { CodecError } from '../../errors.js';
import { type NatAction, type NatFlag } from '../flow.js';
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from '../text/addresses.js';
import { type Span } from '../text/scanner.js';
import { type Reader } from '../wire/reader.js';
import { type Writer } from '../wire/writer.js';
import { keyValues, writeNicira } from './record.js';

export const natSubtype = 36;

const directions = { src: 1, dst: 2 } as const;
const flagBits: Readonly<Record<NatFlag, number>> = { persistent: 4, hash: 8, random: 16 };
const flagNames = Object.keys(flagBits) as readonly NatFlag[];
/** Bits of range_present. */
const present = { ipv4: [1, 2], ipv6: [4, 8], port: [16, 32] } as const;

interface Address {
  readonly value: bigint;
  readonly family: 'ipv4' | 'ipv6';
}

function addressOf(text: string): Address | undefined {
  const ipv4 = parseIpv4(text);
  if (ipv4 !== undefined) return { value: ipv4, family: 'ipv4' };
  const ipv6 = parseIpv6(text);
  return ipv6 === undefined ? undefined : { value: ipv6, family: 'ipv6' };
}

function encodable(text: string): Address {
  const address = addressOf(text);
  if (address === undefined) {
    throw new CodecError(`nat address "${text}" is not an address`, 'OVS_CODEC_UNENCODABLE');
  }
  return address;
}

const flagsOf = ({ direction, flags = [] }: NatAction): number =>
  flags.reduce((bits, flag) => bits | flagBits[flag], direction === undefined ? 0 : directions[direction]);

/** First and, where it is another, last of a range. */
function ends<T>(range: { readonly first: T; readonly last?: T } | undefined): readonly T[] {
  if (range === undefined) return [];
  const { first, last = first } = range;
  return last === first ? [first] : [first, last];
}

const presentBits = (bits: readonly [number, number], range: readonly unknown[]): number =>
  (range.length > 0 ? bits[0] : 0) | (range.length > 1 ? bits[1] : 0);

export function writeNat(writer: Writer, nat: NatAction): void {
  const addresses: readonly Address[] = ends(nat.address).map(encodable);
  const portEnds = ends(nat.port);
  const { family = 'ipv4' } = addresses[0] ?? {};
  if (addresses.some((address) => address.family !== family)) {
    throw new CodecError('nat range has two families', 'OVS_CODEC_UNENCODABLE');
  }
  if (nat.direction === undefined && (addresses.length > 0 || portEnds.length > 0)) {
    throw new CodecError('nat with a range needs src or dst', 'OVS_CODEC_UNENCODABLE');
  }
  writeNicira(writer, natSubtype, () => {
    writer.zeros(2);
    writer.u16(flagsOf(nat));
    writer.u16(presentBits(present[family], addresses) | presentBits(present.port, portEnds));
    for (const { value } of addresses) writer.uint(value, family === 'ipv4' ? 4 : 16);
    for (const port of portEnds) writer.u16(port);
  });
}

function readRange<T>(first: boolean, last: boolean, read: () => T): { first: T; last?: T } | undefined {
  if (!first) return undefined;
  const range = { first: read() };
  return last ? { ...range, last: read() } : range;
}

export function readNat(reader: Reader): NatAction {
  reader.skip(2);
  const bits = reader.u16();
  const range = reader.u16();
  const has = (bit: number): boolean => (range & bit) !== 0;
  const address =
    readRange(has(1), has(2), () => formatIpv4(reader.uint(4))) ??
    readRange(has(4), has(8), () => formatIpv6(reader.uint(16)));
  const port = readRange(has(16), has(32), () => reader.u16());
  const flags = flagNames.filter((name) => bits & flagBits[name]);
  return {
    type: 'nat',
    ...((bits & 3) !== 0 && { direction: (bits & 1) !== 0 ? 'src' : 'dst' }),
    ...(address !== undefined && { address }),
    ...(port !== undefined && { port }),
    ...(flags.length > 0 && { flags }),
  };
}

/** IPv6 addresses go in brackets when a port follows. */
function formatAddress(text: string, bracketed: boolean): string {
  const { value, family } = encodable(text);
  if (family === 'ipv4') return formatIpv4(value);
  return bracketed ? `[${formatIpv6(value)}]` : formatIpv6(value);
}

export function formatNat(nat: NatAction): string {
  const { direction, flags = [] } = nat;
  const portEnds = ends(nat.port);
  const addresses = ends(nat.address).map((text) => formatAddress(text, portEnds.length > 0));
  const range = [addresses.join('-'), ...(portEnds.length > 0 ? [portEnds.join('-')] : [])].join(':');
  const parts = [
    ...(direction === undefined ? [] : [range === '' ? direction : `${direction}=${range}`]),
    ...flagNames.filter((name) => flags.includes(name)),
  ];
  return parts.length === 0 ? 'nat' : `nat(${parts.join(',')})`;
}

const natPattern =
  /^(\[[^\]]+\]|[0-9.]+|[0-9a-fA-F:.]+?)(?:-(\[[^\]]+\]|[0-9.]+|[0-9a-fA-F:.]+?))?(?::(\d+)(?:-(\d+))?)?$/;
/** Without brackets all colons of an IPv6 address are its own. */
const bareIpv6 = /^([0-9a-fA-F:.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*?)(?:-([0-9a-fA-F:.]+))?$/;

function parseRange(value: Span): Pick<NatAction, 'address' | 'port'> {
  const { text } = value;
  const [, first, last, low, high] = bareIpv6.exec(text) ?? natPattern.exec(text) ?? [];
  const clean = [first, last].flatMap((one) => (one === undefined ? [] : [one.replaceAll(/[[\]]/g, '')]));
  if (clean.length === 0 || clean.some((one) => addressOf(one) === undefined)) {
    throw value.fail(`"${text}" is not ADDRESS[-ADDRESS][:PORT[-PORT]]`);
  }
  const [from = '', to] = clean;
  return {
    address: { first: from, ...(to !== undefined && to !== from && { last: to }) },
    ...(low !== undefined && {
      port: { first: Number(low), ...(high !== undefined && high !== low && { last: Number(high) }) },
    }),
  };
}

/** `rest` is what follows `nat`: nothing or `(…)`. */
export function parseNat(rest: Span): NatAction {
  if (rest.isEmpty) return { type: 'nat' };
  let nat: NatAction = { type: 'nat' };
  const flags: NatFlag[] = [];
  for (const [key, value] of keyValues(rest.inParentheses())) {
    const flag = flagNames.find((name) => name === key.text);
    if (flag !== undefined) flags.push(flag);
    else if (key.text !== 'src' && key.text !== 'dst') throw key.fail(`nat takes no "${key.text}"`);
    else nat = { ...nat, direction: key.text, ...(!value.isEmpty && parseRange(value)) };
  }
  return flags.length === 0 ? nat : { ...nat, flags: flagNames.filter((name) => flags.includes(name)) };
}
