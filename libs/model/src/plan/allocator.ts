/** Gives addresses of pools to whoever asks: a namespace, a Service. What one claimant gets, the next one does not. */
import { allocateFamily, allocatePair, allocateSingle, leastLoadedSlot } from '@sluice/ipam';
import { canonicalIp, type Family, parseIp } from '@sluice/core';
import {
  type EgressAddress,
  type EgressAddressSpec,
  type EgressClaim,
  type Namespace,
  type Reason,
} from '@sluice/kube';
import { selects } from '../selector.js';
import { type FormerSlot } from './context.js';
import { type Ids } from './ids.js';
import { inPool, nameOf, type PlannedPool } from './pools.js';

export interface Claimant {
  readonly kind: 'Namespace' | 'Service';
  /** Of a Service. */
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
}

export interface NewAddress {
  readonly name: string;
  readonly spec: EgressAddressSpec;
}

export interface NoAddress {
  readonly reason: Reason;
  readonly message: string;
}

export type Answer = { readonly address: NewAddress } | { readonly refusal: NoAddress };

export interface AllocatorInputs {
  readonly addresses: readonly EgressAddress[];
  readonly pools: readonly PlannedPool[];
  readonly namespaces: readonly Namespace[];
  readonly ids: Ids;
  readonly formerSlots: ReadonlyMap<string, FormerSlot>;
}

export interface PoolRequest {
  /** What the claimant gives back when it has the new one. */
  readonly replaced: readonly EgressAddress[];
  /** Of these only; a pool that pairs addresses gives one of each that it has. */
  readonly families?: readonly Family[];
}

/** 198-18-0-100, 2001-db8-18--100. */
export const addressName = (address: string): string =>
  address.replaceAll(/[.:]/g, '-').replace(/-$/, '-0').replace(/^-/, '0-');

const refuse = (reason: Reason, message: string): Answer => ({ refusal: { reason, message } });

const ownerText = ({ kind, namespace, name }: EgressClaim): string =>
  `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;

const namespaceOf = ({ namespace, name }: Pick<EgressClaim, 'namespace' | 'name'>): string =>
  namespace ?? name;

export class Allocator {
  private readonly loads = new Map<string, Map<number, number>>();
  /** Allocations by pool and namespace. */
  private readonly counts = new Map<string, number>();
  private readonly owners: Map<string, string>;
  private readonly labels: ReadonlyMap<string, Namespace['metadata']['labels']>;

  constructor(private readonly inputs: AllocatorInputs) {
    for (const { spec } of inputs.addresses) this.count(spec);
    this.labels = new Map(inputs.namespaces.map(({ metadata }) => [metadata.name, metadata.labels]));
    this.owners = new Map(
      inputs.addresses.flatMap(({ spec }) => spec.addresses.map((text) => [text, ownerText(spec.claim)])),
    );
  }

  /** Names of the pools that the claimant may use. */
  poolsFor(claimant: Claimant): readonly string[] {
    return this.inputs.pools
      .filter((planned) => this.allows(planned, claimant))
      .map(({ pool }) => nameOf(pool));
  }

  /** Whether the pool has addresses of the family. */
  serves(name: string, family: Family): boolean {
    const planned = this.inputs.pools.find(({ pool }) => nameOf(pool) === name);
    return planned?.ranges.some((range) => range.family === family) === true;
  }

  fromPool(claimant: Claimant, name: string, { replaced, families }: PoolRequest): Answer {
    const planned = this.inputs.pools.find(({ pool }) => nameOf(pool) === name);
    if (planned === undefined)
      return refuse('PoolNotFound', `there is no EgressPool ${name}; create it, or name another`);
    if (planned.fault !== undefined)
      return refuse('PoolNotReady', `EgressPool ${name}: ${planned.fault.message}`);
    const refused = this.guard(planned, claimant, replaced);
    if (refused !== undefined) return refused;
    const addresses = free(planned, families);
    if (addresses === undefined) {
      const which = families?.length === 1 ? `free IPv${String(families[0])} address` : 'free address';
      return refuse('PoolExhausted', `EgressPool ${name} has no ${which}; add a range, or release addresses`);
    }
    return this.make(claimant, planned, addresses);
  }

  /** `replaced`: what the claimant gives back when it has the new one. */
  asked(claimant: Claimant, addresses: readonly string[], replaced: readonly EgressAddress[]): Answer {
    const [first = ''] = addresses;
    const planned = this.inputs.pools.find((pool) => inPool(pool, first));
    for (const address of addresses) {
      if (planned === undefined || !inPool(planned, address)) {
        const pools = this.inputs.pools.map(({ pool }) => nameOf(pool)).join(', ') || 'there is none';
        const which =
          planned === undefined
            ? `any EgressPool (${pools})`
            : `EgressPool ${nameOf(planned.pool)}, as ${first} is`;
        return refuse(
          'AddressNotInPool',
          `${address} is not in ${which}; choose another address, or add it to a pool`,
        );
      }
    }
    if (planned === undefined)
      return refuse('AddressNotInPool', 'there is no such address in any EgressPool');
    if (planned.fault !== undefined) {
      return refuse('PoolNotReady', `EgressPool ${nameOf(planned.pool)}: ${planned.fault.message}`);
    }
    const refused = this.guard(planned, claimant, replaced);
    if (refused !== undefined) return refused;
    const mine = new Set(replaced.flatMap(({ spec }) => spec.addresses));
    const taken = addresses.find((address) => isTaken(planned, address));
    if (taken !== undefined) {
      const owner = mine.has(taken)
        ? `an earlier setting of this ${claimant.kind.toLowerCase()}, which must be released first`
        : this.owners.get(taken);
      const by = owner ?? 'the network itself (a gateway or next hop)';
      return refuse(
        'AddressInUse',
        `${taken} is in use by ${by}; choose another address, or release it there`,
      );
    }
    return this.make(claimant, planned, addresses);
  }

  private allows({ pool }: PlannedPool, claimant: Claimant): boolean {
    return selects(pool.spec.allowedNamespaces, this.labels.get(namespaceOf(claimant)));
  }

  /** What was given before stays, whatever the pool says now. */
  private guard(
    planned: PlannedPool,
    claimant: Claimant,
    replaced: readonly EgressAddress[],
  ): Answer | undefined {
    const pool = nameOf(planned.pool);
    const namespace = namespaceOf(claimant);
    if (!this.allows(planned, claimant)) {
      const message = `EgressPool ${pool} is not for namespace ${namespace}; see its spec.allowedNamespaces`;
      return refuse('NamespaceNotAllowed', message);
    }
    const most = planned.pool.spec.quota?.addressesPerNamespace ?? Infinity;
    const freed = replaced.filter(({ spec }) => spec.pool === pool && spec.claim.uid === claimant.uid);
    const others = (this.counts.get(`${pool}/${namespace}`) ?? 0) - freed.length;
    if (others < most) return undefined;
    const message = `namespace ${namespace} has ${String(others)} of ${String(most)} allocations of EgressPool ${pool}; release one, or raise its spec.quota.addressesPerNamespace`;
    return refuse('QuotaExceeded', message);
  }

  private make(claimant: Claimant, planned: PlannedPool, addresses: readonly string[]): Answer {
    const id = this.inputs.ids.take('egress');
    if (id === undefined) return refuse('IdsExhausted', 'no egress id is free; release addresses');
    const pool = nameOf(planned.pool);
    const slot = this.slotFor(planned, addresses);
    const spec = { id, pool, addresses, slot, claim: { ...claimant } };
    this.count(spec);
    for (const text of addresses) {
      const { family, value } = parseIp(text);
      planned.taken[family].add(value);
      this.owners.set(canonicalIp(text), ownerText(claimant));
    }
    return { address: { name: addressName(addresses[0] ?? ''), spec } };
  }

  /** The one that the addresses had a moment ago: a gateway that has not heard of it still answers for them. */
  private slotFor({ pool }: PlannedPool, addresses: readonly string[]): number {
    const { slots } = pool.spec;
    const former = addresses
      .flatMap((address) => this.inputs.formerSlots.get(address) ?? [])
      .find((place) => place.pool === nameOf(pool) && place.slot < slots);
    return former?.slot ?? leastLoadedSlot(slots, this.loads.get(nameOf(pool)) ?? new Map<number, number>());
  }

  private count({ pool, slot, claim }: EgressAddressSpec): void {
    const key = `${pool}/${namespaceOf(claim)}`;
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
    const loads = this.loads.get(pool) ?? new Map<number, number>();
    loads.set(slot, (loads.get(slot) ?? 0) + 1);
    this.loads.set(pool, loads);
  }
}

function free(
  { ranges, taken, pool }: PlannedPool,
  families?: readonly Family[],
): readonly string[] | undefined {
  const [family, other] = families ?? [];
  if (family !== undefined && other === undefined) return allocateFamily(ranges, family, taken);
  return pool.spec.dualStack === 'Single' ? allocateSingle(ranges, taken) : allocatePair(ranges, taken);
}

function isTaken({ taken }: PlannedPool, address: string): boolean {
  const { family, value } = parseIp(address);
  return taken[family].has(value);
}
