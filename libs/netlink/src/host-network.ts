/** The port to the kernel's network configuration. Commands are idempotent: what is there may be set, what is not removed. */
import { type Family } from '@sluice/core';
import { type HostStep, type RouteIdentity, type StepFailure } from './host-step.js';
import {
  type Address,
  type DeviceAddress,
  type Link,
  type LinkSetting,
  type Neighbour,
  type NetworkEvent,
  type NetworkEventKind,
  type Route,
  type RouteSpec,
  type Rule,
  type RuleSpec,
  type SysctlPath,
} from './shapes.js';

/** Everything that `HostState` compares, read at once. */
export interface HostSnapshot {
  /** False on hosts whose kernel was started without IPv6. */
  readonly ipv6: boolean;
  readonly links: readonly Link[];
  readonly addresses: readonly Address[];
  /** Permanent and proxy entries. */
  readonly neighbours: readonly Neighbour[];
  readonly routes: readonly Route[];
  readonly rules: readonly Rule[];
}

/** What the host's links carry, read at once. */
export interface Addressing {
  readonly links: readonly Link[];
  readonly addresses: readonly Address[];
  /** Of the main table. */
  readonly routes: readonly Route[];
}

export interface SnapshotQuery {
  /** Links and addresses of these only. */
  readonly devices: readonly string[];
  /** Routes of these only. */
  readonly tables: readonly number[];
}

/**
 * Refusals of the kernel are RemoteError SLUICE_NETLINK_FAILED with the command and the kernel's words; a missing `ip`
 * is SLUICE_TOOL_MISSING; sysctls raise SLUICE_SYSCTL_REFUSED.
 */
export interface HostNetwork {
  links(): Promise<readonly Link[]>;
  /** undefined: no such link. */
  link(name: string): Promise<Link | undefined>;
  setLink(name: string, setting: LinkSetting): Promise<void>;

  addresses(dev?: string): Promise<readonly Address[]>;
  /** IPv6 addresses are usable at once (nodad). */
  addAddress(address: DeviceAddress): Promise<void>;
  removeAddress(address: DeviceAddress): Promise<void>;

  routes(query: { readonly family: Family; readonly table: number }): Promise<readonly Route[]>;
  replaceRoute(route: RouteSpec): Promise<void>;
  removeRoute(route: RouteIdentity): Promise<void>;
  /** Routes to single addresses in the main table: address → link. With many CNIs that is the Pod's interface. */
  hostRoutes(family: Family): Promise<ReadonlyMap<string, string>>;
  /** The link by which a packet to the address would leave; undefined: no route, or the address is local. */
  routeTo(address: string): Promise<string | undefined>;

  rules(family: Family): Promise<readonly Rule[]>;
  addRule(rule: RuleSpec): Promise<void>;
  removeRule(rule: RuleSpec): Promise<void>;

  /** Permanent and proxy entries of one link, or of all. */
  neighbours(dev?: string): Promise<readonly Neighbour[]>;
  setNeighbour(neighbour: Neighbour): Promise<void>;
  removeNeighbour(neighbour: Neighbour): Promise<void>;

  /** undefined: the kernel has no such setting (yet). */
  readSysctl(key: SysctlPath): Promise<string | undefined>;
  readSysctls(keys: readonly SysctlPath[]): Promise<readonly (string | undefined)[]>;
  writeSysctl(key: SysctlPath, value: string): Promise<void>;

  /** `kind` of its links is not told. */
  addressing(): Promise<Addressing>;
  snapshot(query: SnapshotQuery): Promise<HostSnapshot>;
  /** Runs all steps in order, also behind one that fails; gives those that failed. */
  apply(steps: readonly HostStep[]): Promise<readonly StepFailure[]>;

  /**
   * Moves global addresses and the routes over `from` to `to`, which must be up. Nothing is ever only in memory: a copy
   * exists before the original goes, so a second call completes one that was cut off.
   */
  moveAddressing(from: string, to: string): Promise<void>;

  /** Ends when the signal fires. Events of one kind and link that wait are merged. */
  monitor(signal: AbortSignal, kinds?: readonly NetworkEventKind[]): AsyncIterable<NetworkEvent>;
}
