/**
 * Which Services are reached by which addresses. Services of one namespace that name the same sharing key may be reached by
 * one address, as long as no two of them have the same port of it.
 */
import { type Family } from '@sluice/core';
import { type EgressAddress, type EgressAddressSpec, type EgressClaim, type Service } from '@sluice/kube';
import { type AddressUsers } from '../cluster-plan.js';
import { familyOf } from '../ip-text.js';
import { addressName, type NewAddress } from './allocator.js';
import { leavingPods, portKeysOf, sharingKeyOf } from './service-request.js';

export interface Seat {
  readonly spec: EgressAddressSpec;
  /** Undefined: the plan makes it. */
  readonly address: EgressAddress | undefined;
  /** Whom the plan puts here, in this order. */
  readonly users: readonly Service[];
}

type MutableSeat = Seat & { readonly users: Service[] };

const uidOf = ({ metadata }: Service): string => metadata.uid ?? '';

/** UIDs of the Services that an address is for. */
const ownersOf = ({ claim, sharedWith = [] }: EgressAddressSpec): readonly string[] => [
  claim.uid,
  ...sharedWith.map(({ uid }) => uid),
];

export const covers = ({ spec }: Pick<Seat, 'spec'>, family: Family): boolean =>
  spec.addresses.some((text) => familyOf(text) === family);

export class Seats {
  private readonly all: MutableSeat[];
  private readonly byOwner: ReadonlyMap<string, readonly MutableSeat[]>;

  /** `addresses` of Services. */
  constructor(addresses: readonly EgressAddress[]) {
    this.all = addresses
      .toSorted((a, b) => a.spec.id - b.spec.id)
      .map((address) => ({ spec: address.spec, address, users: [] }));
    const owned = this.all.flatMap((seat) => ownersOf(seat.spec).map((uid) => ({ uid, seat })));
    const groups = Map.groupBy(owned, ({ uid }) => uid);
    this.byOwner = new Map([...groups].map(([uid, group]) => [uid, group.map(({ seat }) => seat)]));
  }

  /** Those that it had before and may still have; first allocated first. */
  ownedBy(service: Service): readonly Seat[] {
    const own = this.byOwner.get(uidOf(service)) ?? [];
    return own.filter((seat) => this.obstacle(seat, service) === undefined);
  }

  /** Those of others that it may join. */
  joinable(service: Service): readonly Seat[] {
    if (sharingKeyOf(service) === undefined) return [];
    return this.all.filter((seat) => seat.users.length > 0 && this.obstacle(seat, service) === undefined);
  }

  /** With one of the addresses, if it is in use. */
  holding(addresses: readonly string[]): Seat | undefined {
    return this.all.find(
      ({ spec, users }) => users.length > 0 && spec.addresses.some((text) => addresses.includes(text)),
    );
  }

  /** Why the Service cannot have it beside those who do; undefined: it can. */
  obstacle({ spec, users }: Seat, service: Service): string | undefined {
    if (users.includes(service)) return undefined;
    if (spec.claim.namespace !== service.metadata.namespace)
      return `it is in use in namespace ${spec.claim.namespace ?? ''}`;
    const key = sharingKeyOf(service);
    const ports = portKeysOf(service);
    for (const user of users) {
      const { name } = user.metadata;
      if (key === undefined || sharingKeyOf(user) !== key)
        return `it is in use by Service ${name}, which does not share it with this one`;
      const taken = portKeysOf(user).find((port) => ports.includes(port));
      if (taken !== undefined) return `Service ${name} has ${taken} of it`;
    }
    return undefined;
  }

  sit(seat: Seat, service: Service): void {
    const found = this.all.find((each) => each === seat);
    if (found !== undefined && !found.users.includes(service)) found.users.push(service);
  }

  make({ spec }: NewAddress, service: Service): void {
    this.all.push({ spec, address: undefined, users: [service] });
  }

  /** Addresses that the plan makes, as they are to be. */
  created(): readonly NewAddress[] {
    const made = this.all.filter(({ address }) => address === undefined).map((seat) => specOf(seat));
    return made.map((spec) => ({ name: addressName(spec.addresses[0] ?? ''), spec }));
  }

  unused(): readonly EgressAddress[] {
    return this.all.flatMap(({ address, users }) => (users.length === 0 ? (address ?? []) : []));
  }

  changed(): readonly AddressUsers[] {
    return this.all.flatMap((seat): AddressUsers[] => {
      const { address, users } = seat;
      if (address === undefined || users.length === 0) return [];
      const { claim, sharedWith = [], pods = [] } = specOf(seat);
      const { spec, metadata } = address;
      const before = [spec.claim.uid, spec.sharedWith ?? [], spec.pods ?? []];
      if (JSON.stringify(before) === JSON.stringify([claim.uid, sharedWith, pods])) return [];
      return [{ name: metadata.name, uid: metadata.uid ?? '', claim, sharedWith, pods }];
    });
  }
}

const claimOf = ({ metadata: { namespace = '', name, uid = '' } }: Service): EgressClaim => ({
  kind: 'Service',
  namespace,
  name,
  uid,
});

/** Whoever had it first stays in the claim. */
function specOf({ spec, users }: Seat): EgressAddressSpec {
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
