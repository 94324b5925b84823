/**
 * Which LoadBalancer Service gets which addresses, and what its status says. Older Services first. A request that is
 * refused changes nothing that works: the Service keeps what it has.
 */
import { type Family } from '@sluice/core';
import { type EgressAddress, type Reason, type Service } from '@sluice/kube';
import { parseEgressAnnotation } from '../annotation.js';
import { satisfies } from '../claims.js';
import { type IngressWrite, type PlannedEvent } from '../cluster-plan.js';
import { olderFirst } from '../fleet.js';
import { addressAnnotation, poolAnnotation } from '../names.js';
import { isOurs } from '../services/service-addresses.js';
import { type Allocator, type Answer, type Claimant, type NewAddress, type NoAddress } from './allocator.js';

export interface ServiceAllocationInputs {
  readonly services: readonly Service[];
  readonly addresses: readonly EgressAddress[];
  readonly allocator: Allocator;
  /** Whether a Service without `loadBalancerClass` gets its addresses from pools. */
  readonly defaultClass: boolean;
}

export interface ServiceAllocations {
  readonly create: readonly NewAddress[];
  readonly remove: readonly EgressAddress[];
  readonly ingress: readonly IngressWrite[];
  /** What changed, each told once. */
  readonly events: readonly PlannedEvent[];
  /** What is wrong now, in every plan again. */
  readonly problems: readonly PlannedEvent[];
}

export function planServiceAllocations(inputs: ServiceAllocationInputs): ServiceAllocations {
  const { services, addresses, allocator, defaultClass } = inputs;
  const claims = addresses.filter(({ spec }) => spec.claim.kind === 'Service');
  const byUid = Map.groupBy(claims, ({ spec }) => spec.claim.uid);
  const outcomes = services
    .filter((service) => isOurs(service, defaultClass) && service.metadata.deletionTimestamp === undefined)
    .toSorted(olderFirst)
    .map((service) => outcomeOf(service, byUid.get(service.metadata.uid ?? '') ?? [], allocator));
  const kept = new Set(outcomes.flatMap(({ claim }) => claim ?? []));
  const written = outcomes.flatMap(ingressWrite);
  return {
    create: outcomes.flatMap(({ created }) => created ?? []),
    remove: claims.filter((claim) => !kept.has(claim)),
    ingress: written.map(({ write }) => write),
    events: written.map(({ event }) => event),
    problems: outcomes.flatMap(({ service, refusal }) =>
      refusal === undefined ? [] : { regarding: regarding(service), type: 'Warning' as const, ...refusal },
    ),
  };
}

interface Outcome {
  readonly service: Service;
  /** What it is reached by. */
  readonly claim: EgressAddress | undefined;
  readonly created?: NewAddress;
  readonly refusal?: NoAddress;
}

type Request =
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] }
  | { readonly kind: 'pool'; readonly pool: string }
  /** Whatever there is. */
  | { readonly kind: 'any' };

const refuse = (reason: Reason, message: string): { readonly refusal: NoAddress } => ({
  refusal: { reason, message },
});

const familiesOf = ({ spec }: Service): readonly Family[] =>
  (spec?.ipFamilies ?? ['IPv4']).map((family) => (family === 'IPv6' ? 6 : 4));

function requestOf({ metadata, spec }: Service): Request | { readonly refusal: NoAddress } {
  const asked = metadata.annotations?.[addressAnnotation] ?? spec?.loadBalancerIP ?? '';
  const pool = metadata.annotations?.[poolAnnotation];
  if (asked === '') return pool === undefined ? { kind: 'any' } : { kind: 'pool', pool };
  const parsed = parseEgressAnnotation(asked);
  if (parsed.ok && parsed.request.kind === 'addresses') return parsed.request;
  const where =
    metadata.annotations?.[addressAnnotation] === undefined ? 'spec.loadBalancerIP' : addressAnnotation;
  const why = parsed.ok ? `name a pool by ${poolAnnotation}` : parsed.message;
  return refuse('AnnotationInvalid', `${where}: ${why}`);
}

function outcomeOf(service: Service, own: readonly EgressAddress[], allocator: Allocator): Outcome {
  const claims = own.toSorted((a, b) => a.spec.id - b.spec.id);
  const [claim] = claims;
  const request = requestOf(service);
  if ('refusal' in request) return { service, claim, ...request };
  const satisfying = claims.find((one) => request.kind === 'any' || satisfies(one, request));
  if (satisfying !== undefined) return { service, claim: satisfying };
  const answer = allocate(service, request, { claims, allocator });
  if ('refusal' in answer) return { service, claim, ...answer };
  // Make before break: what it has stays until the new one is there.
  return { service, claim, created: answer.address };
}

function allocate(
  service: Service,
  request: Request,
  { claims, allocator }: { readonly claims: readonly EgressAddress[]; readonly allocator: Allocator },
): Answer {
  const { name, namespace = '', uid = '' } = service.metadata;
  const claimant: Claimant = { kind: 'Service', namespace, name, uid };
  const families = familiesOf(service);
  switch (request.kind) {
    case 'addresses': {
      const foreign = request.addresses.find((text) => !families.includes(text.includes(':') ? 6 : 4));
      if (foreign === undefined) return allocator.asked(claimant, request.addresses, claims);
      return refuse(
        'FamilyNotServed',
        `${foreign} is of a family that the Service has not; set spec.ipFamilyPolicy and spec.ipFamilies`,
      );
    }
    case 'pool':
      return allocator.fromPool(claimant, request.pool, families);
    case 'any': {
      const pools = allocator.poolNames;
      const pool = pools.length === 1 ? pools[0] : pools.find((each) => each === defaultPool);
      if (pool !== undefined) return allocator.fromPool(claimant, pool, families);
      const message =
        pools.length === 0
          ? 'there is no EgressPool; create one'
          : `there are several EgressPools and none is named ${defaultPool}; name one by ${poolAnnotation}`;
      return refuse('PoolNotFound', message);
    }
  }
}

const defaultPool = 'default';

const regarding = ({ metadata }: Service): PlannedEvent['regarding'] => ({
  kind: 'Service',
  namespace: metadata.namespace ?? '',
  name: metadata.name,
  uid: metadata.uid ?? '',
});

/** Nothing if the status says so already. */
function ingressWrite({ service, claim }: Outcome): readonly { write: IngressWrite; event: PlannedEvent }[] {
  const wanted = claim?.spec.addresses ?? [];
  const before = service.status?.loadBalancer?.ingress ?? [];
  const isSame =
    before.length === wanted.length &&
    before.every(
      ({ ip, hostname, ipMode = 'VIP' }, at) =>
        ip === wanted[at] && hostname === undefined && ipMode === 'VIP',
    );
  if (isSame) return [];
  const { name, namespace = '', uid = '' } = service.metadata;
  const given = wanted.join(', ');
  const gone = before.flatMap(({ ip, hostname }) => ip ?? hostname ?? []).join(', ');
  const told =
    wanted.length > 0
      ? ({ reason: 'AddressAssigned', message: `reached by ${given}` } as const)
      : ({ reason: 'AddressReleased', message: `gave back ${gone}` } as const);
  return [
    {
      write: { namespace, name, uid, addresses: wanted },
      event: { regarding: regarding(service), type: 'Normal', ...told },
    },
  ];
}
