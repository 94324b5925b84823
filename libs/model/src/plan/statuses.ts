/** What addresses and namespaces are told, and the events of what changed. */
import {
  type EgressAddress,
  type EgressAddressStatus,
  isTrue,
  type Namespace,
  type NextCondition,
  setCondition,
} from '@sluice/kube';
import { type EgressStatusEntry, type PlannedEvent } from '../cluster-plan.js';
import { readEgressStatus } from '../egress-status.js';
import { egressStatusAnnotation } from '../names.js';
import { type NamespaceOutcome } from './allocations.js';
import { carries, type GatewayHealth } from './gateways.js';
import { inPool, nameOf, type PlannedPool } from './pools.js';

interface Holding {
  readonly holder: string | undefined;
  readonly condition: NextCondition<'Held'>;
}

const held = (
  status: 'True' | 'False',
  reason: NextCondition['reason'],
  message: string,
): NextCondition<'Held'> => ({
  type: 'Held',
  status,
  reason,
  message,
});

export function holding(
  { spec }: EgressAddress,
  pools: readonly PlannedPool[],
  health: ReadonlyMap<string, GatewayHealth>,
): Holding {
  const planned = pools.find(({ pool }) => nameOf(pool) === spec.pool);
  if (planned === undefined) {
    const message = `EgressPool ${spec.pool} does not exist; nobody carries the address`;
    return { holder: undefined, condition: held('False', 'PoolMissing', message) };
  }
  const holder = planned.slots.find(({ slot }) => slot === spec.slot)?.holder;
  if (holder === undefined) {
    const message = `EgressPool ${spec.pool} selects no EgressGateway`;
    return { holder, condition: held('False', 'NoGateway', message) };
  }
  const gateway = health.get(holder);
  if (!carries(gateway)) {
    const message = `${holder} holds the address and is not ready: ${gateway?.condition.message ?? 'unknown'}`;
    return { holder, condition: held('False', 'NoReadyGateway', message) };
  }
  if (planned.fault === undefined && !spec.addresses.every((address) => inPool(planned, address))) {
    const message = `${holder} carries the address, which is no longer in EgressPool ${spec.pool}`;
    return { holder, condition: held('True', 'OutsidePool', message) };
  }
  return { holder, condition: held('True', 'HeldByGateway', `${holder} carries the address`) };
}

/** Undefined: the object says so already. */
export function addressStatus(
  address: EgressAddress,
  { holder, condition }: Holding,
  nowIso: string,
): EgressAddressStatus | undefined {
  const own = (address.status?.conditions ?? []).filter(({ type }) => type === 'Held');
  const conditions = setCondition(own, condition, nowIso);
  if (address.status?.holder === holder && conditions === own) return undefined;
  const since = address.status?.holder === holder ? address.status?.since : nowIso;
  return {
    ...(holder === undefined ? {} : { holder }),
    ...(since === undefined || holder === undefined ? {} : { since }),
    conditions,
  };
}

function entriesOf(claim: EgressAddress, { holder, condition }: Holding): readonly EgressStatusEntry[] {
  const announced = isTrue(claim.status?.conditions, 'Announced');
  const gateway = holder === undefined ? {} : { gateway: holder };
  return claim.spec.addresses.map((address): EgressStatusEntry => {
    if (condition.status !== 'True') {
      return { address, ...gateway, state: 'Pending', reason: condition.reason, message: condition.message };
    }
    if (announced) return { address, ...gateway, state: 'Ready' };
    const message = `waits until ${holder ?? 'a gateway'} answers for the address`;
    return { address, ...gateway, state: 'Pending', reason: 'EgressPending', message };
  });
}

export function namespaceStatus(
  { claim, created, refusal, wanted }: NamespaceOutcome,
  holdings: ReadonlyMap<EgressAddress, Holding>,
): readonly EgressStatusEntry[] | undefined {
  if (!wanted) return undefined;
  const holds = claim === undefined ? undefined : holdings.get(claim);
  const entries: EgressStatusEntry[] =
    claim === undefined || holds === undefined ? [] : [...entriesOf(claim, holds)];
  if (created !== undefined && claim === undefined) {
    const message = 'waits for the address to be allocated';
    entries.push(
      ...created.spec.addresses.map((address): EgressStatusEntry => ({
        address,
        state: 'Pending',
        reason: 'EgressPending',
        message,
      })),
    );
  }
  if (refusal !== undefined) entries.push({ state: 'Refused', ...refusal });
  return entries;
}

/** Whether the annotation must be written. */
export function statusDiffers(
  namespace: Namespace,
  status: readonly EgressStatusEntry[] | undefined,
): boolean {
  const text = namespace.metadata.annotations?.[egressStatusAnnotation];
  return text !== (status === undefined ? undefined : JSON.stringify(status));
}

const addresses = (entries: readonly EgressStatusEntry[]): string =>
  entries.flatMap(({ address }) => address ?? []).join(', ');

/** What changed between the annotation that is there and the one to come. */
export function eventsOf(
  namespace: Namespace,
  next: readonly EgressStatusEntry[] | undefined,
): readonly PlannedEvent[] {
  const { name, uid = name } = namespace.metadata;
  const regarding = { kind: 'Namespace', name, uid };
  const before = readEgressStatus(namespace);
  const after = next ?? [];
  const [was, is] = [addresses(before), addresses(after)];
  const ready = (entries: readonly EgressStatusEntry[]): boolean =>
    entries.some(({ state }) => state === 'Ready') && entries.every(({ state }) => state !== 'Pending');
  const events: PlannedEvent[] = [];
  const refusal = after.find(({ state }) => state === 'Refused');
  const refusedBefore = before.some(
    ({ state, reason, request }) =>
      state === 'Refused' && reason === refusal?.reason && request === refusal?.request,
  );
  if (refusal?.reason !== undefined && !refusedBefore) {
    events.push({ regarding, type: 'Warning', reason: refusal.reason, message: refusal.message ?? '' });
  }
  if (is !== was && is !== '')
    events.push({ regarding, type: 'Normal', reason: 'EgressAssigned', message: `egress addresses: ${is}` });
  if (is !== was && is === '')
    events.push({ regarding, type: 'Normal', reason: 'EgressReleased', message: `gave back ${was}` });
  if (ready(after) && (is !== was || !ready(before))) {
    const gateways = [...new Set(after.flatMap(({ gateway }) => gateway ?? []))].join(', ');
    events.push({
      regarding,
      type: 'Normal',
      reason: 'EgressReady',
      message: `traffic leaves with ${is} by ${gateways}`,
    });
    events.push(...familyBlocked(regarding, is));
  }
  return events;
}

function familyBlocked(regarding: PlannedEvent['regarding'], given: string): readonly PlannedEvent[] {
  const missing = ['IPv4', 'IPv6'].filter(
    (family) => !given.split(', ').some((text) => text.includes(':') === (family === 'IPv6')),
  );
  return missing.map((family) => ({
    regarding,
    type: 'Warning',
    reason: 'FamilyBlocked',
    message: `the egress has no ${family} address: ${family} traffic to the outside is blocked`,
  }));
}
