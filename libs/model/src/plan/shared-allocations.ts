/**
 * Which Services are reached by which addresses. Services of one namespace that name the same sharing key may be reached by
 * one address, as long as no two of them have the same port of it.
 */
import { type Family } from '@sluice/core';
import { type EgressAddress, type EgressAddressSpec, type EgressClaim, type Service } from '@sluice/kube';
import { type AddressUsers } from '../cluster-plan.js';
import { familyOf } from '../ip-text.js';
import { addressName, type NewAddress } from './allocator.js';
import { leavingPods, sharingKeyOf } from './service-request.js';
import { Sharers } from './sharers.js';

/** Addresses that Services are reached by, or will be. */
export interface Allocation {
  readonly spec: EgressAddressSpec;
  /** Undefined: the plan makes it. */
  readonly address: EgressAddress | undefined;
}

const uidOf = ({ metadata }: Service): string => metadata.uid ?? '';

/** UIDs of the Services that an address is for. */
const ownersOf = ({ claim, sharedWith = [] }: EgressAddressSpec): readonly string[] => [
  claim.uid,
  ...sharedWith.map(({ uid }) => uid),
];

export const covers = ({ spec }: Allocation, family: Family): boolean =>
  spec.addresses.some((text) => familyOf(text) === family);

export class SharedAllocations {
  /** Who is reached by which, after the plan; in the order of their ids. */
  private readonly users: Map<Allocation, Sharers>;
  private readonly byOwner: ReadonlyMap<string, readonly Allocation[]>;

  /** `addresses` of Services. */
  constructor(addresses: readonly EgressAddress[]) {
    const allocations = addresses
      .toSorted((a, b) => a.spec.id - b.spec.id)
      .map((address): Allocation => ({ spec: address.spec, address }));
    this.users = new Map(allocations.map((allocation) => [allocation, new Sharers()]));
    const owned = allocations.flatMap((allocation) =>
      ownersOf(allocation.spec).map((uid) => ({ uid, allocation })),
    );
    const groups = Map.groupBy(owned, ({ uid }) => uid);
    this.byOwner = new Map(
      [...groups].map(([uid, group]) => [uid, group.map(({ allocation }) => allocation)]),
    );
  }

  /** Those that it had before and may still have; first allocated first. */
  ownedBy(service: Service): readonly Allocation[] {
    const own = this.byOwner.get(uidOf(service)) ?? [];
    return own.filter((allocation) => this.obstacle(allocation, service) === undefined);
  }

  /** The first of those of others that suit it and that it may join. */
  joinable(service: Service, suits: (allocation: Allocation) => boolean): Allocation | undefined {
    if (sharingKeyOf(service) === undefined) return undefined;
    for (const [allocation, users] of this.users)
      if (users.size > 0 && suits(allocation) && this.obstacle(allocation, service) === undefined)
        return allocation;
    return undefined;
  }

  /** With one of the addresses, if it is in use. */
  holding(addresses: readonly string[]): Allocation | undefined {
    return this.taken().find(({ spec }) => spec.addresses.some((text) => addresses.includes(text)));
  }

  /** Why the Service cannot have it beside those who do; undefined: it can. */
  obstacle(allocation: Allocation, service: Service): string | undefined {
    const users = this.usersOf(allocation);
    const { namespace = '' } = allocation.spec.claim;
    if (users.size > 0 && namespace !== service.metadata.namespace)
      return `it is in use in namespace ${namespace}`;
    return users.obstacle(service);
  }

  use(allocation: Allocation, service: Service): void {
    this.usersOf(allocation).add(service);
  }

  make({ spec }: NewAddress, service: Service): void {
    this.use({ spec, address: undefined }, service);
  }

  /** Addresses that the plan makes, as they are to be. */
  created(): readonly NewAddress[] {
    return this.taken()
      .filter(({ address }) => address === undefined)
      .map((allocation) => specOf(allocation.spec, this.usersOf(allocation).all()))
      .map((spec) => ({ name: addressName(spec.addresses[0] ?? ''), spec }));
  }

  unused(): readonly EgressAddress[] {
    return [...this.users].flatMap(([{ address }, users]) => (users.size === 0 ? (address ?? []) : []));
  }

  changed(): readonly AddressUsers[] {
    return this.taken().flatMap((allocation): AddressUsers[] => {
      const { address, spec } = allocation;
      if (address === undefined) return [];
      const { claim, sharedWith = [], pods = [] } = specOf(spec, this.usersOf(allocation).all());
      const before = [spec.claim.uid, spec.sharedWith ?? [], spec.pods ?? []];
      if (JSON.stringify(before) === JSON.stringify([claim.uid, sharedWith, pods])) return [];
      const { name, uid = '' } = address.metadata;
      return [{ name, uid, claim, sharedWith, pods }];
    });
  }

  private usersOf(allocation: Allocation): Sharers {
    let users = this.users.get(allocation);
    if (users === undefined) {
      users = new Sharers();
      this.users.set(allocation, users);
    }
    return users;
  }

  private taken(): readonly Allocation[] {
    return [...this.users].flatMap(([allocation, users]) => (users.size > 0 ? [allocation] : []));
  }
}

const claimOf = ({ metadata: { namespace = '', name, uid = '' } }: Service): EgressClaim => ({
  kind: 'Service',
  namespace,
  name,
  uid,
});

/** Whoever had it first stays in the claim. */
function specOf(spec: EgressAddressSpec, users: readonly Service[]): EgressAddressSpec {
  const first = users.find((user) => uidOf(user) === spec.claim.uid) ?? users[0];
  const others = users.filter((user) => user !== first);
  const { sharedWith: _, pods: __, ...rest } = spec;
  const selectors = users.flatMap((user) => leavingPods(user) ?? []);
  return {
    ...rest,
    ...(first === undefined ? {} : { claim: claimOf(first) }),
    ...(others.length === 0
      ? {}
      : { sharedWith: others.map((user) => ({ name: user.metadata.name, uid: uidOf(user) })) }),
    ...(selectors.length === 0 ? {} : { pods: selectors }),
  };
}
