/** Which namespace gets which addresses: what is kept, what is given, what is refused and what is given back. */
import { type EgressAddress, type Namespace } from '@sluice/kube';
import { parseEgressAnnotation } from '../annotation.js';
import { NamespaceClaims, satisfies } from '../claims.js';
import { olderFirst } from '../fleet.js';
import { egressAnnotation } from '../names.js';
import { type Allocator, type NewAddress, type NoAddress } from './allocator.js';

export interface Refusal extends NoAddress {
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

export interface Allocations {
  readonly outcomes: readonly NamespaceOutcome[];
  readonly remove: readonly EgressAddress[];
}

export interface AllocationInputs {
  readonly namespaces: readonly Namespace[];
  readonly addresses: readonly EgressAddress[];
  readonly allocator: Allocator;
}

/** Older namespaces first: of two that ask for one address the older gets it. */
export function planAllocations(inputs: AllocationInputs): Allocations {
  const { namespaces, addresses, allocator } = inputs;
  const claims = new NamespaceClaims(addresses);
  const outcomes = namespaces
    .toSorted(olderFirst)
    .map((namespace) => outcomeOf(namespace, claims.of(namespace), allocator));
  const kept = new Set(outcomes.flatMap(({ claim }) => claim ?? []));
  const remove = addresses
    .filter(({ spec }) => spec.claim.kind === 'Namespace')
    .filter((address) => !kept.has(address));
  return { outcomes, remove };
}

function outcomeOf(
  namespace: Namespace,
  own: readonly EgressAddress[],
  allocator: Allocator,
): NamespaceOutcome {
  const text = namespace.metadata.annotations?.[egressAnnotation];
  const claims = own.toSorted((a, b) => a.spec.id - b.spec.id);
  const none = { namespace, claim: undefined, created: undefined, refusal: undefined };
  if (text === undefined) return { ...none, wanted: false };
  const parsed = parseEgressAnnotation(text);
  if (!parsed.ok) {
    const refusal = { reason: 'AnnotationInvalid', message: parsed.message, request: text } as const;
    return { ...none, wanted: true, claim: claims[0], refusal };
  }
  const satisfying = claims.find((claim) => satisfies(claim, parsed.request));
  if (satisfying !== undefined) return { ...none, wanted: true, claim: satisfying };
  const { name, uid = '' } = namespace.metadata;
  const claimant = { kind: 'Namespace', name, uid } as const;
  const { request } = parsed;
  const answer =
    request.kind === 'pool'
      ? allocator.fromPool(claimant, request.pool, { replaced: claims })
      : allocator.asked(claimant, request.addresses, claims);
  if ('refusal' in answer) {
    return { ...none, wanted: true, claim: claims[0], refusal: { ...answer.refusal, request: text } };
  }
  // Make before break: the old claim stays until the new one is there.
  return { ...none, wanted: true, claim: claims[0], created: answer.address };
}
