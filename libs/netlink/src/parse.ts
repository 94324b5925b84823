/** From the JSON of `ip -json -Numeric` to our shapes. What is malformed is left out of a list only when it is not ours. */
import { type Family, ProtocolError, canonicalIp, formatCidr, parseCidr } from '@sluice/core';
import { type Address, type Link, type Neighbour, type Route, type Rule } from './shapes.js';

type JsonObject = Readonly<Record<string, unknown>>;

const garbage = (what: string, value: unknown): ProtocolError =>
  new ProtocolError('SLUICE_TOOL_FAILED', {
    message: `ip answered with something that is no ${what}: ${JSON.stringify(value).slice(0, 200)}`,
  });

function object(value: unknown): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw garbage('object', value);
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function text(from: JsonObject, name: string): string {
  const value = from[name];
  if (typeof value === 'string') return value;
  throw garbage(name, from);
}

const optionalText = (from: JsonObject, name: string): string | undefined =>
  typeof from[name] === 'string' ? from[name] : undefined;

/** With -Numeric, `ip` writes some numbers as text, also as 0x…. */
function optionalNumber(from: JsonObject, name: string): number | undefined {
  const value = from[name];
  if (value === undefined) return undefined;
  const number = Number(value);
  if (!Number.isNaN(number)) return number;
  throw garbage(name, from);
}

function number(from: JsonObject, name: string): number {
  const value = optionalNumber(from, name);
  if (value === undefined) throw garbage(name, from);
  return value;
}

/** `ip -6 address` lists links without a name when they have no address. */
const objects = (values: readonly unknown[]): JsonObject[] =>
  values.map(object).filter((value) => Object.keys(value).length > 0);

/** Without the members that are undefined. */
function defined<T extends object>(value: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as T;
}

const linkOf = (value: JsonObject): Link => {
  const flags = list(value.flags);
  const mac = optionalText(value, 'address');
  const info = value.linkinfo;
  return defined<Link>({
    name: text(value, 'ifname'),
    index: number(value, 'ifindex'),
    mac: mac?.length === 17 ? mac : undefined,
    mtu: number(value, 'mtu'),
    up: flags.includes('UP'),
    carrier: flags.includes('LOWER_UP'),
    kind: info === undefined ? undefined : optionalText(object(info), 'info_kind'),
    master: optionalText(value, 'master'),
  });
};

export const parseLinks = (values: readonly unknown[]): Link[] => objects(values).map(linkOf);

/** rtnetlink's scopes, by number and by name. */
const scopes: Readonly<Record<string, Address['scope']>> = {
  0: 'global',
  200: 'site',
  253: 'link',
  254: 'host',
  global: 'global',
  site: 'site',
  link: 'link',
  host: 'host',
};

const addressOf = (dev: string, value: JsonObject): Address => {
  const local = canonicalIp(text(value, 'local'));
  return {
    dev,
    address: `${local}/${number(value, 'prefixlen')}`,
    family: local.includes(':') ? 6 : 4,
    scope: scopes[text(value, 'scope')] ?? 'other',
    dynamic: value.dynamic === true,
    noDad: value.nodad === true,
    tentative: value.tentative === true || value.dadfailed === true,
  };
};

export const parseAddresses = (values: readonly unknown[]): Address[] =>
  objects(values).flatMap((link) =>
    list(link.addr_info).map((value) => addressOf(text(link, 'ifname'), object(value))),
  );

const destinationOf = (words: string, family: Family): string => {
  if (words === 'default') return family === 4 ? '0.0.0.0/0' : '::/0';
  return formatCidr(parseCidr(words));
};

/** rtnetlink's route types by name and number; names that are not here are kept. */
const kinds: Readonly<Record<string, string>> = {
  1: 'unicast',
  2: 'local',
  6: 'blackhole',
  7: 'unreachable',
  8: 'prohibit',
  9: 'throw',
};

const mtuOf = (value: JsonObject): number | undefined =>
  list(value.metrics)
    .map((metrics) => optionalNumber(object(metrics), 'mtu'))
    .find((mtu) => mtu !== undefined);

/** rtnetlink's number of routes that were made without a protocol: boot. */
const bootProtocol = 3;

const routeOf = (value: JsonObject, family: Family, table: number): Route => {
  const kind = optionalText(value, 'type') ?? 'unicast';
  const via = value.via === undefined ? undefined : optionalText(object(value.via), 'host');
  const gateway = optionalText(value, 'gateway') ?? via;
  const source = optionalText(value, 'prefsrc');
  return defined<Route>({
    family,
    table: optionalNumber(value, 'table') ?? table,
    kind: kinds[kind] ?? kind,
    destination: destinationOf(text(value, 'dst'), family),
    dev: optionalText(value, 'dev'),
    via: gateway === undefined ? undefined : canonicalIp(gateway),
    onlink: list(value.flags).includes('onlink'),
    metric: optionalNumber(value, 'metric') ?? 0,
    mtu: mtuOf(value),
    source: source === undefined ? undefined : canonicalIp(source),
    protocol: optionalNumber(value, 'protocol') ?? bootProtocol,
    multipath: value.nexthops !== undefined,
  });
};

/** Routes of one table; `table` is what `ip` leaves out when it was asked for one. */
export const parseRoutes = (values: readonly unknown[], family: Family, table: number): Route[] =>
  objects(values).map((value) => routeOf(value, family, table));

const ruleMembers = new Set([
  'priority',
  'src',
  'srclen',
  'table',
  'fwmark',
  'fwmask',
  'iif',
  'iif_detached',
  'protocol',
]);
const fullMask = 0xffff_ffff;

/** `all`, or an address and, unless it is a single one, the length of its prefix. */
function ruleSource(value: JsonObject, family: Family): string | undefined {
  if (value.src === 'all') return undefined;
  const length = optionalNumber(value, 'srclen') ?? (family === 4 ? 32 : 128);
  return formatCidr(parseCidr(`${text(value, 'src')}/${String(length)}`));
}

const ruleOf = (value: JsonObject, family: Family): Rule => {
  const mark = optionalNumber(value, 'fwmark');
  const mask = optionalNumber(value, 'fwmask') ?? fullMask;
  return defined<Rule>({
    family,
    priority: number(value, 'priority'),
    fwmark: mark === undefined ? undefined : { value: mark, mask },
    iif: optionalText(value, 'iif'),
    table: optionalNumber(value, 'table'),
    from: ruleSource(value, family),
    foreign: Object.keys(value).some((name) => !ruleMembers.has(name)),
  });
};

export const parseRules = (values: readonly unknown[], family: Family): Rule[] =>
  objects(values).map((value) => ruleOf(value, family));

/** Permanent entries with a MAC address, and proxies. */
export const parseNeighbours = (values: readonly unknown[]): Neighbour[] =>
  objects(values).flatMap((value): Neighbour[] => {
    const entry = { dev: text(value, 'dev'), address: canonicalIp(text(value, 'dst')) };
    if ('proxy' in value) return [{ ...entry, proxy: true }];
    const mac = optionalText(value, 'lladdr');
    return mac === undefined ? [] : [{ ...entry, mac }];
  });
