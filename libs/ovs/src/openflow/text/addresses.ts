/** MAC, IPv4 and IPv6 addresses as text, in the form that ovs-ofctl prints (inet_ntop's for IPv6). */

export function formatMac(value: bigint): string {
  return (value.toString(16).padStart(12, '0').match(/../g) ?? []).join(':');
}

export function parseMac(text: string): bigint | undefined {
  return /^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}$/i.test(text)
    ? BigInt(
        `0x${text
          .split(':')
          .map((part) => part.padStart(2, '0'))
          .join('')}`,
      )
    : undefined;
}

export function formatIpv4(value: bigint): string {
  const n = Number(value);
  return [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255].join('.');
}

const [dot, zero] = ['.'.charCodeAt(0), '0'.charCodeAt(0)];

/** By characters: every endpoint of a quarter of a million has its address written into a flow. */
export function parseIpv4(text: string): bigint | undefined {
  let [value, part, digits, parts] = [0, 0, 0, 1];
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === dot) {
      if (digits === 0) return undefined;
      value = value * 256 + part;
      [part, digits, parts] = [0, 0, parts + 1];
      continue;
    }
    const digit = code - zero;
    if (digit < 0 || digit > 9 || digits === 3) return undefined;
    part = part * 10 + digit;
    digits += 1;
    if (part > 255) return undefined;
  }
  return parts === 4 && digits > 0 ? BigInt(value * 256 + part) : undefined;
}

/** First group and length of the longest run of zero groups, at least two, the first of equals. */
function longestZeros(groups: readonly number[]): { readonly at: number; readonly length: number } {
  let best = { at: -1, length: 1 };
  let start = 0;
  groups.forEach((group, i) => {
    if (group !== 0) start = i + 1;
    else if (i + 1 - start > best.length) best = { at: start, length: i + 1 - start };
  });
  return best;
}

const groupsOf = (value: bigint): readonly number[] =>
  Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn));

/** IPv4-mapped and -compatible addresses end in dotted form, as glibc's inet_ntop has it. */
export function formatIpv6(value: bigint): string {
  const groups = groupsOf(value);
  const { at, length } = longestZeros(groups);
  const dotted = at === 0 && (length === 6 || (length === 5 && groups[5] === 0xffff));
  const shown = groups.map((group) => group.toString(16)).slice(0, dotted ? 6 : 8);
  const tail = dotted ? [formatIpv4(value & 0xffff_ffffn)] : [];
  if (at < 0) return shown.join(':');
  const head = shown.slice(0, at).join(':');
  return `${head}::${[...shown.slice(at + length), ...tail].join(':')}`;
}

function parseGroups(text: string): readonly bigint[] | undefined {
  if (text === '') return [];
  const groups: bigint[] = [];
  for (const part of text.split(':')) {
    const ipv4 = part.includes('.') ? parseIpv4(part) : undefined;
    if (ipv4 !== undefined) groups.push(ipv4 >> 16n, ipv4 & 0xffffn);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return groups;
}

export function parseIpv6(text: string): bigint | undefined {
  const halves = text.split('::');
  const [head, tail] = [parseGroups(halves[0] ?? ''), parseGroups(halves[1] ?? '')];
  if (halves.length > 2 || head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => 0n), ...tail];
  return groups.reduce((value, group) => (value << 16n) | group, 0n);
}

/** Length of the prefix that the mask is, or undefined. */
export function prefixLength(mask: bigint, bits: number): number | undefined {
  const inverse = ((1n << BigInt(bits)) - 1n) ^ mask;
  return (inverse & (inverse + 1n)) === 0n
    ? bits - (inverse === 0n ? 0 : inverse.toString(2).length)
    : undefined;
}

export const prefixMask = (length: number, bits: number): bigint =>
  ((1n << BigInt(length)) - 1n) << BigInt(bits - length);
