/**
 * An nftables table as data. Rules are expression lists of nftables' own JSON (libnftables-json(5));
 * sets and maps are separate from chains, so that a change of elements never touches a rule.
 */

/** One expression of libnftables-json(5), for example `{ accept: null }`. */
export type NftExpression = Readonly<Record<string, unknown>>;

export interface NftElement {
  /** Address, CIDR, interface name, or the parts of a concatenation, in the order of `NftSet.type`. */
  readonly key: readonly string[];
  /** Maps to verdicts only: the chain to go to. */
  readonly goto?: string;
}

export interface NftSet {
  readonly name: string;
  /** For example ['ipv4_addr'] or ['ipv4_addr', 'ifname']. */
  readonly type: readonly ('ipv4_addr' | 'ipv6_addr' | 'ifname')[];
  readonly interval?: boolean;
  /** A map from keys to verdicts instead of a set. */
  readonly verdictMap?: boolean;
  readonly elements: readonly NftElement[];
}

export interface NftChain {
  readonly name: string;
  readonly base?: {
    readonly type: 'filter' | 'route' | 'nat';
    readonly hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting' | 'ingress';
    /** Ingress only: the interface; the chain goes when the interface goes. */
    readonly device?: string;
    readonly priority: number;
    readonly policy: 'accept' | 'drop';
  };
  readonly rules: readonly (readonly NftExpression[])[];
}

export interface NftTable {
  readonly family: 'inet';
  readonly name: string;
  readonly counters: readonly string[];
  readonly sets: readonly NftSet[];
  readonly chains: readonly NftChain[];
}
