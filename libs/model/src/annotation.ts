/** The annotation `sluice.dev/egress`: one address, an IPv4/IPv6 pair, or `pool/NAME`. */
import { ConfigError, type IpAddress, formatIp, parseIp } from '@sluice/core';

export type EgressRequest =
  /** Canonical; IPv4 first if there are two. */
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] }
  | { readonly kind: 'pool'; readonly pool: string };

export type ParsedEgress =
  | { readonly ok: true; readonly request: EgressRequest }
  /** `column` is the place of the mistake, 1 being the first character; the message names it, too. */
  | { readonly ok: false; readonly column: number; readonly message: string };

const forms = 'write an address, an IPv4 and an IPv6 address separated by a comma, or pool/NAME';

const wrong = (column: number, what: string): ParsedEgress => ({
  ok: false,
  column,
  message: `${what} at character ${String(column)}; ${forms}`,
});

/** RFC 1123 subdomain, as object names are. */
const objectName = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

function parsePool(text: string): ParsedEgress {
  const [name = '', parameters] = text.slice('pool/'.length).split('?', 2);
  if (name === '') return wrong(6, 'the name of the pool is missing');
  if (!objectName.test(name) || name.length > 253)
    return wrong(6, `"${name.slice(0, 60)}" is not the name of a pool`);
  if (parameters !== undefined) {
    return wrong(name.length + 6, `parameters such as "?${parameters.slice(0, 60)}" are not supported yet`);
  }
  return { ok: true, request: { kind: 'pool', pool: name } };
}

interface Part {
  readonly text: string;
  readonly column: number;
}

function parts(text: string): readonly Part[] {
  let at = 0;
  return text.split(',').map((raw) => {
    const column = at + (raw.length - raw.trimStart().length) + 1;
    at += raw.length + 1;
    return { text: raw.trim(), column };
  });
}

function addressOf({ text }: Part): IpAddress | undefined {
  try {
    return parseIp(text);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

export function parseEgressAnnotation(text: string): ParsedEgress {
  if (text.startsWith('pool/')) return parsePool(text);
  if (text.trim() === '') return wrong(1, 'the value is empty');
  const given = parts(text);
  const addresses: IpAddress[] = [];
  for (const part of given) {
    const address = addressOf(part);
    if (address === undefined) return wrong(part.column, `"${part.text.slice(0, 60)}" is not an address`);
    if (addresses.length === 2) return wrong(part.column, 'there are more than two addresses');
    if (addresses[0]?.family === address.family) {
      return wrong(part.column, `"${part.text}" is a second IPv${String(address.family)} address`);
    }
    addresses.push(address);
  }
  const sorted = addresses.toSorted((a, b) => a.family - b.family).map(formatIp);
  return { ok: true, request: { kind: 'addresses', addresses: sorted } };
}
