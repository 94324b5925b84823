/**
 * The whole state that a node's host and bridge shall have: the output of `compile`, one side of `diff`.
 * Declarative and comparable; `libs/node` makes it so through `libs/ovs`, `libs/nft` and `libs/netlink`.
 */
import { type NftTable } from '@sluice/nft';
import { type Flow, type Group, type Meter } from '@sluice/ovs';

/** One port of br-sluice. */
export type DesiredPort =
  | {
      readonly kind: 'internal';
      readonly name: string;
      readonly ofport: number;
      readonly mac: string;
      readonly mtu: number;
    }
  | { readonly kind: 'nic'; readonly name: string; readonly ofport: number }
  | {
      readonly kind: 'geneve';
      readonly name: string;
      readonly ofport: number;
      readonly remoteAddress: string;
      readonly bfd: { readonly enable: boolean; readonly minTxMs: number; readonly minRxMs: number };
    };

export interface DesiredBridge {
  readonly name: string;
  /** MAC of the LOCAL port; absent: whatever OVS chose. */
  readonly mac?: string;
  /** Bytes; absent: left alone. */
  readonly localMtu?: number;
  readonly ports: readonly DesiredPort[];
}

export interface DesiredAddress {
  readonly dev: string;
  /** With prefix length. */
  readonly address: string;
}

export interface DesiredRoute {
  readonly family: 4 | 6;
  readonly table: number;
  readonly kind: 'unicast' | 'blackhole';
  readonly destination: string;
  readonly dev?: string;
  readonly via?: string;
  readonly onlink?: boolean;
  readonly metric?: number;
  readonly mtuLock?: number;
}

export interface DesiredRule {
  readonly family: 4 | 6;
  readonly priority: number;
  readonly fwmark?: { readonly value: number; readonly mask: number };
  readonly iif?: string;
  /** Source CIDR. */
  readonly from?: string;
  readonly table: number;
}

export interface DesiredNeighbour {
  readonly dev: string;
  readonly address: string;
  /** Permanent entry with this MAC, or a proxy entry. */
  readonly mac?: string;
  readonly proxy?: boolean;
}

export interface DesiredHost {
  /** `sysctl` path with dots and the value; interface names contain no dots in keys that we write. */
  readonly sysctls: readonly { readonly key: string; readonly value: string }[];
  readonly addresses: readonly DesiredAddress[];
  readonly routes: readonly DesiredRoute[];
  readonly rules: readonly DesiredRule[];
  readonly neighbours: readonly DesiredNeighbour[];
  readonly nft: readonly NftTable[];
}

export interface Desired {
  readonly bridge: DesiredBridge;
  readonly flows: readonly Flow[];
  readonly groups: readonly Group[];
  readonly meters: readonly Meter[];
  readonly host: DesiredHost;
}
