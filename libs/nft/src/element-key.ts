/**
 * One spelling for the keys of elements, whoever wrote them: an address, a CIDR and a range are all first-last, since
 * the kernel keeps intervals and nft chooses how to print them.
 */
import { isIP } from 'node:net';
import { type Cidr, cidrRange, formatIp, parseCidr, parseIp } from '@sluice/core';
import { asArray, asObject, asText, isObject } from './json.js';
import { type NftSet } from './table.js';

type KeyType = NftSet['type'][number];

const rangeText = (first: string, last: string): string =>
  `${formatIp(parseIp(first))}-${formatIp(parseIp(last))}`;

function cidrText(cidr: Cidr): string {
  const { family, first, last } = cidrRange(cidr);
  return `${formatIp({ family, value: first })}-${formatIp({ family, value: last })}`;
}

function partText(text: string, type: KeyType): string {
  if (type === 'ifname') return text;
  const [first = '', last] = text.split('-');
  return last === undefined ? cidrText(parseCidr(text)) : rangeText(first, last);
}

/** NUL occurs in no address and no interface name. */
const join = (parts: readonly string[]): string => parts.join('\0');

/** Throws ConfigError SLUICE_ADDRESS_INVALID when a part that is an address is none. */
export const elementKey = (key: readonly string[], types: NftSet['type']): string =>
  join(types.map((type, index) => partText(key[index] ?? '', type)));

/** The key of an element as nft lists it: text, `prefix`, `range`, or a `concat` of those. */
export function listedKey(listed: unknown, types: NftSet['type']): string {
  const { concat } = asObject(listed);
  const parts = concat === undefined ? [listed] : asArray(concat);
  return elementKey(parts.map(listedPart), types);
}

function listedPart(listed: unknown): string {
  if (!isObject(listed)) return asText(listed);
  const { prefix, range, elem } = listed;
  // With a timeout, counter or comment, which are not ours, the value is one level deeper.
  if (elem !== undefined) return listedPart(asObject(elem).val);
  if (range !== undefined) return asArray(range).map(asText).join('-');
  const { addr, len } = asObject(prefix);
  return `${asText(addr)}/${asText(len)}`;
}

/** No interface name contains a slash, and none of ours is two addresses with a dash between. */
function keyPart(text: string): unknown {
  const [addr = '', len] = text.split('/');
  if (len !== undefined) return { prefix: { addr, len: Number(len) } };
  const range = text.split('-');
  return range.length === 2 && range.every((end) => isIP(end) !== 0) ? { range } : text;
}

/** The key in the form of libnftables-json(5). */
export function keyExpression(key: readonly string[]): unknown {
  const parts = key.map(keyPart);
  return parts.length === 1 ? parts[0] : { concat: parts };
}
