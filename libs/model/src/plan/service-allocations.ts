/**
 * Which LoadBalancer Service gets which addresses, and what its status says. Older Services first. A request that is
 * refused changes nothing that works: the Service keeps what it has.
 */
import { type EgressAddress, type Service } from '@sluice/kube';
import { type AddressUsers, type IngressWrite, type PlannedEvent } from '../cluster-plan.js';
import { olderFirst } from '../fleet.js';
import { compareText, familyOf } from '../ip-text.js';
import { poolAnnotation } from '../names.js';
import { familiesOf } from '../services/eligible.js';
import { isOurs } from '../services/service-addresses.js';
import { type Allocator, type Answer, type Claimant, type NewAddress, type NoAddress } from './allocator.js';
import { type Allocation, covers, SharedAllocations } from './shared-allocations.js';
import { type Request, requestOf, sharingKeyOf } from './service-request.js';

export interface ServiceAllocationInputs {
  readonly services: readonly Service[];
  readonly addresses: readonly EgressAddress[];
  readonly allocator: Allocator;
  /** Whether a Service without `loadBalancerClass` gets its addresses from pools. */
  readonly defaultClass: boolean;
}

export interface ServiceAllocations {
  readonly create: readonly NewAddress[];
  readonly change: readonly AddressUsers[];
  readonly remove: readonly EgressAddress[];
  readonly ingress: readonly IngressWrite[];
  /** What changed, each told once. */
  readonly events: readonly PlannedEvent[];
  /** What is wrong now, in every plan again. */
  readonly problems: readonly PlannedEvent[];
}

/** First everybody keeps what it has and may keep, then those who lack something get it: nobody loses an address to a newcomer. */
export function planServiceAllocations(inputs: ServiceAllocationInputs): ServiceAllocations {
  const { services, addresses, allocator, defaultClass } = inputs;
  const all = new SharedAllocations(addresses.filter(({ spec }) => spec.claim.kind === 'Service'));
  const ours = services
    .filter((service) => isOurs(service, defaultClass) && service.metadata.deletionTimestamp === undefined)
    .toSorted(olderFirst)
    .map((service) => keep(service, all));
  const problems = ours.flatMap((kept): readonly PlannedEvent[] => {
    const refusal = complete(kept, all, allocator);
    if (refusal === undefined) return [];
    return [{ regarding: regarding(kept.service), type: 'Warning', ...refusal }];
  });
  const written = ours.flatMap(ingressWrite);
  return {
    create: all.created(),
    change: all.changed(),
    remove: all.unused(),
    ingress: written.map(({ write }) => write),
    events: written.map(({ event }) => event),
    problems,
  };
}

interface Kept {
  readonly service: Service;
  readonly request: ReturnType<typeof requestOf>;
  /** By which it is reached until the plan is done. */
  readonly allocations: readonly Allocation[];
  /** They are what it asks for, as far as they go. */
  readonly fit: boolean;
}

function fits({ spec }: Allocation, request: Request): boolean {
  switch (request.kind) {
    case 'addresses':
      return request.addresses.every((text) => spec.addresses.includes(text));
    case 'pool':
      return spec.pool === request.pool;
    case 'any':
      return true;
  }
}

/** As few as cover its families, the first ones first. */
function needed(service: Service, allocations: readonly Allocation[]): readonly Allocation[] {
  const missing = new Set(familiesOf(service));
  return allocations.filter((allocation) => {
    const useful = [...missing].filter((family) => covers(allocation, family));
    useful.forEach((family) => missing.delete(family));
    return useful.length > 0;
  });
}

/** What it has stays until what it asks for is there. */
function keep(service: Service, all: SharedAllocations): Kept {
  const request = requestOf(service);
  const own = all.ownedBy(service);
  const fitting = request.kind === 'refused' ? own : own.filter((allocation) => fits(allocation, request));
  const allocations = needed(service, fitting.length > 0 ? fitting : own);
  for (const allocation of allocations) all.use(allocation, service);
  return { service, request, allocations, fit: fitting.length > 0 };
}

/** Gives it what it lacks; returns why it cannot have it. */
function complete(
  { service, request, allocations, fit }: Kept,
  all: SharedAllocations,
  allocator: Allocator,
): NoAddress | undefined {
  if (request.kind === 'refused') return request.refusal;
  if (fit && request.kind === 'addresses') return undefined;
  const stays = fit ? allocations : [];
  const pool = stays[0]?.spec.pool;
  const missing = familiesOf(service)
    .filter((family) => !stays.some((allocation) => covers(allocation, family)))
    .filter((family) => pool === undefined || allocator.serves(pool, family));
  if (missing.length === 0) return undefined;
  const joinable = all.joinable(
    service,
    (each) => fits(each, request) && missing.some((family) => covers(each, family)),
  );
  if (joinable !== undefined) {
    all.use(joinable, service);
    return undefined;
  }
  const refused = inTheWay(service, request, all);
  if (refused !== undefined) return refused;
  const replaced = fit ? [] : allocations.flatMap(({ address }) => address ?? []);
  const answer = allocate(service, pool === undefined ? request : { kind: 'pool', pool }, {
    ...{ replaced, allocator, families: missing },
  });
  if ('refusal' in answer) return answer.refusal;
  all.make(answer.address, service);
  return undefined;
}

/** Of an address that it wants to share and cannot. */
function inTheWay(service: Service, request: Request, all: SharedAllocations): NoAddress | undefined {
  if (request.kind !== 'addresses' || sharingKeyOf(service) === undefined) return undefined;
  const allocation = all.holding(request.addresses);
  const obstacle = allocation && all.obstacle(allocation, service);
  if (allocation === undefined || obstacle === undefined) return undefined;
  const held = allocation.spec.addresses.join(', ');
  const message = `${held}: ${obstacle}; choose another address, or release it there`;
  return { reason: 'AddressInUse', message };
}

interface Means {
  /** What it gives back when it has the new one. */
  readonly replaced: readonly EgressAddress[];
  readonly allocator: Allocator;
  readonly families: ReturnType<typeof familiesOf>;
}

function allocate(service: Service, request: Request, { replaced, allocator, families }: Means): Answer {
  const { name, namespace = '', uid = '' } = service.metadata;
  const claimant: Claimant = { kind: 'Service', namespace, name, uid };
  switch (request.kind) {
    case 'addresses': {
      const foreign = request.addresses.find((text) => !familiesOf(service).includes(familyOf(text)));
      if (foreign === undefined) return allocator.asked(claimant, request.addresses, replaced);
      const message = `${foreign} is of a family that the Service has not; set spec.ipFamilyPolicy and spec.ipFamilies`;
      return { refusal: { reason: 'FamilyNotServed', message } };
    }
    case 'pool':
      return allocator.fromPool(claimant, request.pool, { replaced, families });
    case 'any': {
      const pools = allocator.poolsFor(claimant);
      const pool = pools.length === 1 ? pools[0] : pools.find((each) => each === defaultPool);
      if (pool !== undefined) return allocator.fromPool(claimant, pool, { replaced, families });
      const message =
        pools.length === 0
          ? `there is no EgressPool for namespace ${namespace}; create one, or see its allowedNamespaces`
          : `there are several EgressPools and none is named ${defaultPool}; name one by ${poolAnnotation}`;
      return { refusal: { reason: 'PoolNotFound', message } };
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

/** IPv4 first. */
const reachedBy = ({ service, allocations }: Kept): readonly string[] =>
  allocations
    .flatMap(({ spec }) => spec.addresses)
    .filter((text) => familiesOf(service).includes(familyOf(text)))
    .toSorted((a, b) => familyOf(a) - familyOf(b) || compareText(a, b));

/** Nothing if the status says so already. */
function ingressWrite(kept: Kept): readonly { write: IngressWrite; event: PlannedEvent }[] {
  const { service } = kept;
  const wanted = reachedBy(kept);
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
