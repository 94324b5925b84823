/**
 * Which LoadBalancer Service gets which addresses, and what its status says. Older Services first. A request that is
 * refused changes nothing that works: the Service keeps what it has.
 */
import { type EgressAddress, type Service } from '@sluice/kube';
import { type AddressUsers, type IngressWrite, type PlannedEvent } from '../cluster-plan.js';
import { olderFirst } from '../fleet.js';
import { compareText, familyOf } from '../ip-text.js';
import { poolAnnotation } from '../names.js';
import { isOurs } from '../services/service-addresses.js';
import { type Allocator, type Answer, type Claimant, type NewAddress, type NoAddress } from './allocator.js';
import { covers, type Seat, Seats } from './seats.js';
import { familiesOf, type Request, requestOf, sharingKeyOf } from './service-request.js';

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

/** First everybody keeps what it has and may keep, then those who lack something get it: nobody loses a seat to a newcomer. */
export function planServiceAllocations(inputs: ServiceAllocationInputs): ServiceAllocations {
  const { services, addresses, allocator, defaultClass } = inputs;
  const seats = new Seats(addresses.filter(({ spec }) => spec.claim.kind === 'Service'));
  const ours = services
    .filter((service) => isOurs(service, defaultClass) && service.metadata.deletionTimestamp === undefined)
    .toSorted(olderFirst)
    .map((service) => keep(service, seats));
  const problems = ours.flatMap((kept): readonly PlannedEvent[] => {
    const refusal = complete(kept, seats, allocator);
    if (refusal === undefined) return [];
    return [{ regarding: regarding(kept.service), type: 'Warning', ...refusal }];
  });
  const written = ours.flatMap(ingressWrite);
  return {
    create: seats.created(),
    change: seats.changed(),
    remove: seats.unused(),
    ingress: written.map(({ write }) => write),
    events: written.map(({ event }) => event),
    problems,
  };
}

interface Kept {
  readonly service: Service;
  readonly request: ReturnType<typeof requestOf>;
  /** By which it is reached until the plan is done. */
  readonly seats: readonly Seat[];
  /** They are what it asks for, as far as they go. */
  readonly fit: boolean;
}

function fits({ spec }: Seat, request: Request): boolean {
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
function needed(service: Service, seats: readonly Seat[]): readonly Seat[] {
  const missing = new Set(familiesOf(service));
  return seats.filter((seat) => {
    const useful = [...missing].filter((family) => covers(seat, family));
    useful.forEach((family) => missing.delete(family));
    return useful.length > 0;
  });
}

/** What it has stays until what it asks for is there. */
function keep(service: Service, seats: Seats): Kept {
  const request = requestOf(service);
  const own = seats.ownedBy(service);
  const fitting = request.kind === 'refused' ? own : own.filter((seat) => fits(seat, request));
  const kept = needed(service, fitting.length > 0 ? fitting : own);
  for (const seat of kept) seats.sit(seat, service);
  return { service, request, seats: kept, fit: fitting.length > 0 };
}

/** Gives it what it lacks; returns why it cannot have it. */
function complete({ service, request, seats: kept, fit }: Kept, seats: Seats, allocator: Allocator) {
  if (request.kind === 'refused') return request.refusal;
  if (fit && request.kind === 'addresses') return undefined;
  const had = fit ? kept : [];
  const pool = had[0]?.spec.pool;
  const missing = familiesOf(service)
    .filter((family) => !had.some((seat) => covers(seat, family)))
    .filter((family) => pool === undefined || allocator.serves(pool, family));
  if (missing.length === 0) return undefined;
  const [shared] = seats
    .joinable(service)
    .filter((seat) => fits(seat, request) && missing.some((family) => covers(seat, family)));
  if (shared !== undefined) {
    seats.sit(shared, service);
    return undefined;
  }
  const refused = inTheWay(service, request, seats);
  if (refused !== undefined) return refused;
  const own = kept.flatMap(({ address }) => address ?? []);
  const answer = allocate(service, pool === undefined ? request : { kind: 'pool', pool }, {
    ...{ own, allocator, families: missing },
  });
  if ('refusal' in answer) return answer.refusal;
  seats.make(answer.address, service);
  return undefined;
}

/** Of an address that it wants to share and cannot. */
function inTheWay(service: Service, request: Request, seats: Seats): NoAddress | undefined {
  if (request.kind !== 'addresses' || sharingKeyOf(service) === undefined) return undefined;
  const seat = seats.holding(request.addresses);
  const obstacle = seat && seats.obstacle(seat, service);
  if (seat === undefined || obstacle === undefined) return undefined;
  const message = `${seat.spec.addresses.join(', ')}: ${obstacle}; choose another address, or release it there`;
  return { reason: 'AddressInUse', message };
}

interface Means {
  /** What it has already. */
  readonly own: readonly EgressAddress[];
  readonly allocator: Allocator;
  readonly families: ReturnType<typeof familiesOf>;
}

function allocate(service: Service, request: Request, { own, allocator, families }: Means): Answer {
  const { name, namespace = '', uid = '' } = service.metadata;
  const claimant: Claimant = { kind: 'Service', namespace, name, uid };
  switch (request.kind) {
    case 'addresses': {
      const foreign = request.addresses.find((text) => !familiesOf(service).includes(familyOf(text)));
      if (foreign === undefined) return allocator.asked(claimant, request.addresses, own);
      const message = `${foreign} is of a family that the Service has not; set spec.ipFamilyPolicy and spec.ipFamilies`;
      return { refusal: { reason: 'FamilyNotServed', message } };
    }
    case 'pool':
      return allocator.fromPool(claimant, request.pool, { own, families });
    case 'any': {
      const pools = allocator.poolsFor(claimant);
      const pool = pools.length === 1 ? pools[0] : pools.find((each) => each === defaultPool);
      if (pool !== undefined) return allocator.fromPool(claimant, pool, { own, families });
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
const reachedBy = ({ service, seats }: Kept): readonly string[] =>
  seats
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
