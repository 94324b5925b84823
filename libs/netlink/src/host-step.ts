/** One change of the kernel's network configuration as data, and the line of `ip -batch` that makes it. */
import { type Family } from '@sluice/core';
import { type DeviceAddress, type Neighbour, type RouteSpec, type RuleSpec } from './shapes.js';

/** What tells one route from another; its metrics and flags do not. */
export interface RouteIdentity {
  readonly family: Family;
  readonly table: number;
  readonly kind: string;
  readonly destination: string;
  readonly dev?: string;
  readonly via?: string;
  readonly metric?: number;
}

export type HostStep =
  | { readonly kind: 'addAddress'; readonly address: DeviceAddress }
  | { readonly kind: 'removeAddress'; readonly address: DeviceAddress }
  | { readonly kind: 'replaceRoute'; readonly route: RouteSpec }
  | { readonly kind: 'removeRoute'; readonly route: RouteIdentity }
  | { readonly kind: 'addRule'; readonly rule: RuleSpec }
  | { readonly kind: 'removeRule'; readonly rule: RuleSpec }
  | { readonly kind: 'setNeighbour'; readonly neighbour: Neighbour }
  | { readonly kind: 'removeNeighbour'; readonly neighbour: Neighbour };

export interface StepFailure {
  readonly step: HostStep;
  /** The arguments of `ip`. */
  readonly command: string;
  /** The kernel's or ip's words. */
  readonly reason: string;
}

const familyOf = (address: string): Family => (address.includes(':') ? 6 : 4);

export function stepFamily(step: HostStep): Family {
  switch (step.kind) {
    case 'addAddress':
    case 'removeAddress':
      return familyOf(step.address.address);
    case 'replaceRoute':
    case 'removeRoute':
      return step.route.family;
    case 'addRule':
    case 'removeRule':
      return step.rule.family;
    case 'setNeighbour':
    case 'removeNeighbour':
      return familyOf(step.neighbour.address);
  }
}

const option = (name: string, value: string | number | undefined): string =>
  value === undefined ? '' : ` ${name} ${String(value)}`;

/** `via inet6`: an IPv4 route may have an IPv6 next hop. */
const viaWords = ({ family, via }: RouteIdentity): string =>
  option(family === 4 && via?.includes(':') === true ? 'via inet6' : 'via', via);

const identityWords = (route: RouteIdentity): string =>
  `${route.kind} ${route.destination} table ${String(route.table)}` +
  option('metric', route.metric) +
  viaWords(route) +
  option('dev', route.dev);

const routeWords = (route: RouteSpec): string =>
  identityWords(route) + (route.onlink === true ? ' onlink' : '') + option('mtu lock', route.mtuLock);

const hex = (value: number): string => `0x${value.toString(16)}`;

const ruleWords = ({ priority, from, fwmark, iif, table }: RuleSpec): string =>
  `priority ${String(priority)}` +
  option('from', from) +
  option('fwmark', fwmark && `${hex(fwmark.value)}/${hex(fwmark.mask)}`) +
  option('iif', iif) +
  ` table ${String(table)}`;

const neighbourWords = ({ dev, address, proxy }: Neighbour): string =>
  `${proxy === true ? 'proxy ' : ''}${address} dev ${dev}`;

/** `nodad`: an address of ours must work at once, and Sluice alone decides who has it. */
const addressWords = ({ dev, address }: DeviceAddress): string =>
  `${address} dev ${dev}${familyOf(address) === 6 ? ' nodad' : ''}`;

export function stepCommand(step: HostStep): string {
  switch (step.kind) {
    case 'addAddress':
      return `address replace ${addressWords(step.address)}`;
    case 'removeAddress':
      return `address delete ${step.address.address} dev ${step.address.dev}`;
    case 'replaceRoute':
      return `route replace ${routeWords(step.route)}`;
    case 'removeRoute':
      return `route delete ${identityWords(step.route)}`;
    case 'addRule':
      return `rule add ${ruleWords(step.rule)}`;
    case 'removeRule':
      return `rule delete ${ruleWords(step.rule)}`;
    case 'setNeighbour':
      return `neigh replace ${neighbourWords(step.neighbour)}${
        step.neighbour.proxy === true ? '' : `${option('lladdr', step.neighbour.mac)} nud permanent`
      }`;
    case 'removeNeighbour':
      return `neigh delete ${neighbourWords(step.neighbour)}`;
  }
}

/** What the kernel says when a removal finds nothing, or an addition the same thing. */
const harmless: Readonly<Record<HostStep['kind'], RegExp | undefined>> = {
  addAddress: undefined,
  removeAddress: /Cannot assign requested address|address not found|Cannot find device/i,
  replaceRoute: undefined,
  removeRoute: /No such process|FIB table does not exist|Cannot find device/,
  addRule: /File exists/,
  removeRule: /No such file or directory/,
  setNeighbour: undefined,
  removeNeighbour: /No such file or directory|Cannot find device/,
};

export const isHarmless = ({ kind }: HostStep, reason: string): boolean =>
  harmless[kind]?.test(reason) === true;
