/** Which namespace gets which addresses: what is kept, what is given, what is refused and what is given back. */
import { allocatePair, allocateSingle, leastLoadedSlot } from '@sluice/ipam';
import { canonicalIp, parseIp } from '@sluice/core';
import { type EgressAddress, type EgressAddressSpec, type Namespace, type Reason } from '@sluice/kube';
import { type EgressRequest, parseEgressAnnotation } from '../annotation.js';
import { claimsOf, satisfies } from '../claims.js';
import { olderFirst } from '../fleet.js';
import { egressAnnotation } from '../names.js';
import { type Ids } from './ids.js';
import { inPool, nameOf, type PlannedPool } from './pools.js';

export interface Refusal {
  readonly reason: Reason;
  readonly message: string;
  /** The value of the annotation. */
  readonly request: string;
}

/** How one namespace stands after the plan. */
export interface NamespaceOutcome {
  readonly namespace: Namespace;
  /** The claim that carries its traffic, if it exists already. */
  readonly claim: EgressAddress | undefined;
  /** An allocation that the plan makes. */
  readonly created: NewAddress | undefined;
  readonly refusal: Refusal | undefined;
  /** The annotation is there. */
  readonly wanted: boolean;
}

export interface NewAddress {
  readonly name: string;
  readonly spec: EgressAddressSpec;
}

export interface Allocations {
  readonly outcomes: readonly NamespaceOutcome[];
  readonly remove: readonly EgressAddress[];
}

export interface AllocationInputs {
  readonly namespaces: readonly Namespace[];
  readonly addresses: readonly EgressAddress[];
  readonly pools: readonly PlannedPool[];
  readonly ids: Ids;
}

/** 198-18-0-100, 2001-db8-18--100. */
export const addressName = (address: string): string =>
  address.replaceAll(/[.:]/g, '-').replace(/-$/, '-0').replace(/^-/, '0-');

/** Older namespaces first: of two that ask for one address the older gets it. */
export function planAllocations(inputs: AllocationInputs): Allocations {
  const { namespaces, addresses, ids } = inputs;
  for (const { spec } of addresses) ids.use('egress', spec.id);
  const planner = new AllocationPlanner(inputs);
  const outcomes = namespaces.toSorted(olderFirst).map((namespace) => planner.outcome(namespace));
  const kept = new Set(outcomes.flatMap(({ claim }) => claim ?? []));
  const remove = addresses
    .filter(({ spec }) => spec.claim.kind === 'Namespace')
    .filter((address) => !kept.has(address));
  return { outcomes, remove };
}

type Answer = { readonly address: NewAddress } | { readonly refusal: Omit<Refusal, 'request'> };

const refuse = (reason: Reason, message: string): Answer => ({ refusal: { reason, message } });

class AllocationPlanner {
  private readonly loads = new Map<string, Map<number, number>>();
  private readonly owners: Map<string, string>;

  constructor(private readonly inputs: AllocationInputs) {
    for (const { spec } of inputs.addresses) this.load(spec.pool, spec.slot);
    this.owners = new Map(
      inputs.addresses.flatMap(({ spec }) =>
        spec.addresses.map((text) => [text, `${spec.claim.kind} ${spec.claim.name}`]),
      ),
    );
  }

  outcome(namespace: Namespace): NamespaceOutcome {
    const text = namespace.metadata.annotations?.[egressAnnotation];
    const claims = claimsOf(namespace, this.inputs.addresses).toSorted((a, b) => a.spec.id - b.spec.id);
    const none = { namespace, claim: undefined, created: undefined, refusal: undefined };
    if (text === undefined) return { ...none, wanted: false };
    const parsed = parseEgressAnnotation(text);
    if (!parsed.ok) {
      const refusal = { reason: 'AnnotationInvalid', message: parsed.message, request: text } as const;
      return { ...none, wanted: true, claim: claims[0], refusal };
    }
    const satisfying = claims.find((claim) => satisfies(claim, parsed.request));
    if (satisfying !== undefined) return { ...none, wanted: true, claim: satisfying };
    const answer = this.allocate(namespace, parsed.request, claims);
    if ('refusal' in answer) {
      return { ...none, wanted: true, claim: claims[0], refusal: { ...answer.refusal, request: text } };
    }
    // Make before break: the old claim stays until the new one is there.
    return { ...none, wanted: true, claim: claims[0], created: answer.address };
  }

  private allocate(namespace: Namespace, request: EgressRequest, own: readonly EgressAddress[]): Answer {
    return request.kind === 'pool'
      ? this.fromPool(namespace, request.pool)
      : this.asked(namespace, request.addresses, own);
  }

  private fromPool(namespace: Namespace, name: string): Answer {
    const planned = this.inputs.pools.find(({ pool }) => nameOf(pool) === name);
    if (planned === undefined)
      return refuse('PoolNotFound', `there is no EgressPool ${name}; create it, or name another`);
    if (planned.fault !== undefined)
      return refuse('PoolNotReady', `EgressPool ${name}: ${planned.fault.message}`);
    const { ranges, taken, pool } = planned;
    const addresses =
      pool.spec.dualStack === 'Single' ? allocateSingle(ranges, taken) : allocatePair(ranges, taken);
    if (addresses === undefined) {
      return refuse(
        'PoolExhausted',
        `EgressPool ${name} has no free address; add a range, or release addresses`,
      );
    }
    return this.make(namespace, planned, addresses);
  }

  private asked(namespace: Namespace, addresses: readonly string[], own: readonly EgressAddress[]): Answer {
    const [first = ''] = addresses;
    const planned = this.inputs.pools.find((pool) => inPool(pool, first));
    for (const address of addresses) {
      if (planned === undefined || !inPool(planned, address)) {
        const which =
          planned === undefined
            ? `any EgressPool (${this.poolNames()})`
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
    const mine = new Set(own.flatMap(({ spec }) => spec.addresses));
    const taken = addresses.find((address) => isTaken(planned, address));
    if (taken !== undefined) {
      const owner = mine.has(taken)
        ? 'an earlier setting of this namespace, which must be released first'
        : this.owners.get(taken);
      const by = owner ?? 'the network itself (a gateway or next hop)';
      return refuse(
        'AddressInUse',
        `${taken} is in use by ${by}; choose another address, or release it there`,
      );
    }
    return this.make(namespace, planned, addresses);
  }

  private poolNames(): string {
    return this.inputs.pools.map(({ pool }) => nameOf(pool)).join(', ') || 'there is none';
  }

  private make(namespace: Namespace, planned: PlannedPool, addresses: readonly string[]): Answer {
    const id = this.inputs.ids.take('egress');
    if (id === undefined) return refuse('IdsExhausted', 'no egress id is free; release addresses');
    const pool = nameOf(planned.pool);
    const slot = leastLoadedSlot(planned.pool.spec.slots, this.loads.get(pool) ?? new Map<number, number>());
    this.load(pool, slot);
    const { name, uid = '' } = namespace.metadata;
    const claim = { kind: 'Namespace', name, uid };
    for (const text of addresses) {
      const { family, value } = parseIp(text);
      planned.taken[family].add(value);
      this.owners.set(canonicalIp(text), `Namespace ${name}`);
    }
    const spec = { id, pool, addresses, slot, claim };
    return { address: { name: addressName(addresses[0] ?? ''), spec } };
  }

  private load(pool: string, slot: number): void {
    const loads = this.loads.get(pool) ?? new Map<number, number>();
    loads.set(slot, (loads.get(slot) ?? 0) + 1);
    this.loads.set(pool, loads);
  }
}

function isTaken({ taken }: PlannedPool, address: string): boolean {
  const { family, value } = parseIp(address);
  return taken[family].has(value);
}
