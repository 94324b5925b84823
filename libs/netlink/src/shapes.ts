/** What a kernel has: links, addresses, routes, rules, neighbours. Addresses are canonical text. */
import { type Family } from '@sluice/core';

export interface Link {
  readonly name: string;
  readonly index: number;
  /** Absent for links without one, for example tun. */
  readonly mac?: string;
  /** Bytes. */
  readonly mtu: number;
  /** Administratively. */
  readonly up: boolean;
  /** Signal on the wire; only an up link has it. */
  readonly carrier: boolean;
  /** `veth`, `bridge`, `openvswitch`…; absent for hardware. */
  readonly kind?: string;
  readonly master?: string;
}

export interface LinkSetting {
  readonly up?: boolean;
  readonly mac?: string;
  readonly mtu?: number;
}

/** With prefix length, as `198.18.0.2/24`. */
export interface DeviceAddress {
  readonly dev: string;
  readonly address: string;
}

export interface Address extends DeviceAddress {
  readonly family: Family;
  readonly scope: 'global' | 'site' | 'link' | 'host' | 'other';
  /** Has a lifetime: from DHCP or a router advertisement. */
  readonly dynamic: boolean;
  readonly noDad: boolean;
  /** Duplicate detection is not over, or failed. */
  readonly tentative: boolean;
}

/** A route as it shall be. */
export interface RouteSpec {
  readonly family: Family;
  readonly table: number;
  readonly kind: 'unicast' | 'blackhole';
  /** CIDR; the default route is 0.0.0.0/0 or ::/0. */
  readonly destination: string;
  readonly dev?: string;
  readonly via?: string;
  readonly onlink?: boolean;
  readonly metric?: number;
  /** Bytes; locked: path MTU discovery does not change it. */
  readonly mtuLock?: number;
}

/** A route as it is. `kind` is the kernel's word. */
export interface Route {
  readonly family: Family;
  readonly table: number;
  readonly kind: string;
  readonly destination: string;
  readonly dev?: string;
  readonly via?: string;
  readonly onlink: boolean;
  /** IPv6 routes have 1024 when they were made without one, IPv4 routes 0. */
  readonly metric: number;
  /** Bytes. `ip -j` does not tell whether it is locked. */
  readonly mtu?: number;
  readonly source?: string;
  /** rtnetlink's number: 2 kernel, 4 static, 9 router advertisement, 16 DHCP. */
  readonly protocol: number;
  /** More than one next hop. */
  readonly multipath: boolean;
}

export interface RuleSpec {
  readonly family: Family;
  readonly priority: number;
  readonly fwmark?: { readonly value: number; readonly mask: number };
  readonly iif?: string;
  /** Source CIDR. */
  readonly from?: string;
  readonly table: number;
}

export interface Rule {
  readonly family: Family;
  readonly priority: number;
  readonly fwmark?: { readonly value: number; readonly mask: number };
  readonly iif?: string;
  readonly from?: string;
  /** Absent for actions other than a lookup. */
  readonly table?: number;
  /** It says something that RuleSpec cannot: another's. */
  readonly foreign: boolean;
}

export interface Neighbour {
  readonly dev: string;
  readonly address: string;
  /** Of permanent entries. */
  readonly mac?: string;
  readonly proxy?: boolean;
}

/** Path below /proc/sys: dots between its parts, or slashes, or a list when an interface's name contains either. */
export type SysctlPath = string | readonly string[];

export interface Sysctl {
  readonly key: SysctlPath;
  readonly value: string;
}

export type NetworkEventKind = 'link' | 'address' | 'route' | 'rule' | 'neighbour';

/** `resync`: events before it may have been lost; read everything back. The first event is one. */
export interface NetworkEvent {
  readonly kind: NetworkEventKind | 'resync';
  readonly dev?: string;
}
