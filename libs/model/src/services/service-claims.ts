/** Which addresses each Service may use. A change of an address costs a look at those who share it, and at nobody else. */
import { type EgressAddress, type EgressPool } from '@sluice/kube';
import { listChange } from './list-change.js';
import {
  claimsOnAddress,
  type PoolIds,
  poolIdsOf,
  sameClaims,
  type ServiceClaim,
} from './service-addresses.js';
import { type ServiceEntries, type ServiceEntry } from './service-entries.js';

export interface ClaimInputs {
  readonly addresses: readonly EgressAddress[];
  readonly pools: readonly EgressPool[];
}

/** What entries claimed before this reading, of those that it touches. */
type Before = Map<ServiceEntry, ServiceEntry['claims']>;

const samePools = (a: PoolIds, b: PoolIds): boolean =>
  a.size === b.size && [...a].every(([name, id]) => b.get(name) === id);

export class ServiceClaims {
  private addresses: readonly EgressAddress[] = [];
  private poolIds: PoolIds = new Map();
  private readonly ofAddress = new Map<EgressAddress, readonly ServiceClaim[]>();

  constructor(private readonly entries: ServiceEntries) {}

  /** Gives every entry its claims, and those whose claims are others than before. */
  read({ addresses, pools }: ClaimInputs): Iterable<ServiceEntry> {
    const poolIds = poolIdsOf(pools);
    const all = !samePools(this.poolIds, poolIds);
    const { removed, added } = all
      ? { removed: this.addresses, added: addresses }
      : listChange(this.addresses, addresses);
    this.addresses = addresses;
    this.poolIds = poolIds;
    const before: Before = new Map();
    for (const address of removed) this.remove(address, before);
    for (const address of added) this.add(address, before);
    for (const [entry, claims] of before) if (sameClaims(entry.claims, claims)) before.delete(entry);
    return before.keys();
  }

  private remove(address: EgressAddress, before: Before): void {
    for (const claim of this.ofAddress.get(address) ?? []) {
      const entry = this.remember(claim, before);
      entry.claims = entry.claims.filter((other) => other !== claim);
    }
    this.ofAddress.delete(address);
  }

  private add(address: EgressAddress, before: Before): void {
    const claims = claimsOnAddress(address, this.poolIds);
    if (claims.length === 0) return;
    this.ofAddress.set(address, claims);
    for (const claim of claims) {
      const entry = this.remember(claim, before);
      entry.claims = [...entry.claims, claim];
    }
  }

  private remember({ namespace, name }: ServiceClaim, before: Before): ServiceEntry {
    const entry = this.entries.of(namespace, name);
    if (!before.has(entry)) before.set(entry, entry.claims);
    return entry;
  }
}
