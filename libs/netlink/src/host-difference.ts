/** What must be done to a host so that it is as desired; what is not ours is not looked at. */
import { canonicalIp, formatCidr, parseCidr } from '@sluice/core';
import { type HostSnapshot } from './host-network.js';
import { type HostStep, type RouteIdentity } from './host-step.js';
import {
  type DeviceAddress,
  type Neighbour,
  type Route,
  type RouteSpec,
  type Rule,
  type RuleSpec,
} from './shapes.js';

export interface HostOwnership {
  /** All routes in these tables are ours. */
  readonly tables: readonly number[];
  /** Rules of this priority that look up one of our tables are ours. */
  readonly rulePriority: number;
  /** Links on which all permanent and proxy neighbours are ours, and all global addresses without a lifetime. */
  readonly devices: readonly string[];
}

export interface DesiredNetwork {
  readonly addresses: readonly DeviceAddress[];
  readonly routes: readonly RouteSpec[];
  readonly rules: readonly RuleSpec[];
  readonly neighbours: readonly Neighbour[];
}

/** A neighbour that changes is in both. */
export interface NeighbourChange {
  readonly add: readonly Neighbour[];
  readonly remove: readonly Neighbour[];
}

export interface HostDifference {
  readonly steps: readonly HostStep[];
  /** Names of links that are not there, or are down and so can have no routes yet; `ipv6` where there is none. */
  readonly missing: readonly string[];
}

const keyed = <T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, T> =>
  new Map(items.map((item) => [key(item), item]));

interface Sides<W, T> {
  readonly wanted: readonly W[];
  readonly there: readonly T[];
  readonly wantedKey: (item: W) => string;
  readonly thereKey: (item: T) => string;
}

/** By text that says everything: what is missing, and what is too much. */
function difference<W, T>({ wanted, there, wantedKey, thereKey }: Sides<W, T>): { add: W[]; remove: T[] } {
  const wants = keyed(wanted, wantedKey);
  const has = keyed(there, thereKey);
  return {
    add: [...wants].filter(([key]) => !has.has(key)).map(([, item]) => item),
    remove: there.filter((item) => !wants.has(thereKey(item))),
  };
}

const addressKey = ({ dev, address }: DeviceAddress): string => {
  const [ip = '', length] = address.split('/');
  return `${dev} ${canonicalIp(ip)}/${length ?? String(parseCidr(ip).prefixLength)}`;
};

function addressSteps(desired: readonly DeviceAddress[], snapshot: HostSnapshot, links: readonly string[]) {
  const { add, remove } = difference({
    wanted: desired,
    there: snapshot.addresses,
    wantedKey: addressKey,
    thereKey: addressKey,
  });
  return {
    add: add.map((address): HostStep => ({ kind: 'addAddress', address })),
    remove: remove
      .filter(({ dev, scope, dynamic }) => links.includes(dev) && scope === 'global' && !dynamic)
      .map(({ dev, address }): HostStep => ({ kind: 'removeAddress', address: { dev, address } })),
  };
}

const neighbourKey = ({ dev, address, mac, proxy }: Neighbour): string =>
  `${dev} ${canonicalIp(address)} ${proxy === true ? 'proxy' : (mac ?? '').toLowerCase()}`;
/** A permanent entry with another MAC is replaced in place. */
const neighbourPlace = ({ dev, address, proxy }: Neighbour): string =>
  `${dev} ${canonicalIp(address)} ${proxy === true ? 'proxy' : ''}`;

function neighbourSteps(desired: readonly Neighbour[], snapshot: HostSnapshot, links: readonly string[]) {
  const { add, remove } = difference({
    wanted: desired,
    there: snapshot.neighbours,
    wantedKey: neighbourKey,
    thereKey: neighbourKey,
  });
  return neighbourChangeSteps({ add, remove: remove.filter(({ dev }) => links.includes(dev)) });
}

export function neighbourChangeSteps({ add, remove }: NeighbourChange) {
  const places = new Set(add.map(neighbourPlace));
  return {
    add: add.map((neighbour): HostStep => ({ kind: 'setNeighbour', neighbour })),
    remove: remove
      .filter((neighbour) => !places.has(neighbourPlace(neighbour)))
      .map((neighbour): HostStep => ({ kind: 'removeNeighbour', neighbour })),
  };
}

/** IPv6 routes that are made without a metric have 1024 (IP6_RT_PRIO_USER), also when 0 was asked for. */
const metricOf = ({ family, metric }: RouteIdentity): number =>
  metric === undefined || metric === 0 ? (family === 6 ? 1024 : 0) : metric;

const routePlace = (route: RouteIdentity): string =>
  `${route.family} ${route.table} ${formatCidr(parseCidr(route.destination))} ${metricOf(route)}`;

/** The kernel puts IPv6 routes that lead nowhere on lo. */
const hopWords = ({ kind, dev, via }: RouteIdentity): string =>
  kind === 'unicast' ? `${dev ?? ''} ${via === undefined ? '' : canonicalIp(via)}` : kind;

const wantedRoute = (route: RouteSpec): string =>
  `${routePlace(route)} ${hopWords(route)} ${route.onlink === true} ${route.mtuLock ?? ''}`;
const routeThere = (route: Route): string =>
  `${routePlace(route)} ${route.multipath ? 'multipath' : hopWords(route)} ${route.onlink} ${route.mtu ?? ''}`;

function routeSteps(desired: readonly RouteSpec[], snapshot: HostSnapshot, tables: readonly number[]) {
  const { add, remove } = difference({
    wanted: desired,
    there: snapshot.routes.filter(({ table }) => tables.includes(table)),
    wantedKey: wantedRoute,
    thereKey: routeThere,
  });
  const places = new Set(add.map(routePlace));
  return {
    add: add.map((route): HostStep => ({ kind: 'replaceRoute', route })),
    remove: remove
      .filter((route) => !places.has(routePlace(route)))
      .map(({ kind, dev, ...route }): HostStep => {
        const hop = kind === 'unicast' && dev !== undefined ? { dev } : {};
        return { kind: 'removeRoute', route: { ...route, kind, ...hop } };
      }),
  };
}

const ruleKey = ({ family, priority, from, fwmark, iif, table }: Rule | RuleSpec): string =>
  `${family} ${priority} ${from === undefined ? '' : formatCidr(parseCidr(from))} ${fwmark ? `${fwmark.value}/${fwmark.mask}` : ''} ${iif ?? ''} ${table ?? ''}`;

function ruleSteps(desired: readonly RuleSpec[], snapshot: HostSnapshot, owned: HostOwnership) {
  const there = snapshot.rules.flatMap(({ foreign, table, ...rule }): RuleSpec[] =>
    !foreign && table !== undefined && owned.tables.includes(table) && rule.priority === owned.rulePriority
      ? [{ ...rule, table }]
      : [],
  );
  const { add, remove } = difference({ wanted: desired, there, wantedKey: ruleKey, thereKey: ruleKey });
  return {
    add: add.map((rule): HostStep => ({ kind: 'addRule', rule })),
    remove: remove.map((rule): HostStep => ({ kind: 'removeRule', rule })),
  };
}

const isIpv4 = ({ address }: { readonly address: string }): boolean => !address.includes(':');

const onlyIpv4 = ({ addresses, routes, rules, neighbours }: DesiredNetwork): DesiredNetwork => ({
  addresses: addresses.filter(isIpv4),
  routes: routes.filter(({ family }) => family === 4),
  rules: rules.filter(({ family }) => family === 4),
  neighbours: neighbours.filter(isIpv4),
});

/**
 * Order: what rules lead to exists before they do, and is removed after them; a rule that changes is added before its
 * old form goes, so that no packet falls through to the main table.
 */
export function hostDifference(
  wanted: DesiredNetwork,
  snapshot: HostSnapshot,
  owned: HostOwnership,
): HostDifference {
  const links = keyed(snapshot.links, ({ name }) => name);
  const desired = snapshot.ipv6 ? wanted : onlyIpv4(wanted);
  const missing = new Set(snapshot.ipv6 ? [] : ['ipv6']);
  const ready = (dev: string | undefined, needsUp: boolean): boolean => {
    const link = dev === undefined ? undefined : links.get(dev);
    if (dev === undefined || (link !== undefined && (link.up || !needsUp))) return true;
    missing.add(dev);
    return false;
  };
  const on = <T extends { readonly dev?: string }>(items: readonly T[], needsUp: boolean): T[] =>
    items.filter(({ dev }) => ready(dev, needsUp));
  const addresses = addressSteps(on(desired.addresses, false), snapshot, owned.devices);
  const neighbours = neighbourSteps(on(desired.neighbours, false), snapshot, owned.devices);
  const routes = routeSteps(on(desired.routes, true), snapshot, owned.tables);
  const rules = ruleSteps(desired.rules, snapshot, owned);
  const steps = [
    ...addresses.add,
    ...neighbours.add,
    ...routes.add,
    ...rules.add,
    ...rules.remove,
    ...routes.remove,
    ...neighbours.remove,
    ...addresses.remove,
  ];
  return { steps, missing: [...missing] };
}
