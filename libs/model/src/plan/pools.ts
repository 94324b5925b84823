/** Pools as the planner uses them: ranges, ids, what is taken, slots; and the status that each gets. */
import { ConfigError, type IpRange, parseIp } from '@sluice/core';
import {
  capacity,
  contains,
  orderSlots,
  overlap,
  parseRanges,
  planSlots,
  type PlannedSlot,
} from '@sluice/ipam';
import {
  type EgressAddress,
  type EgressGateway,
  type EgressPool,
  type EgressPoolStatus,
  type NextCondition,
  type Reason,
  setCondition,
} from '@sluice/kube';
import { olderFirst } from '../fleet.js';
import { selects } from '../selector.js';
import { type PlanContext } from './context.js';
import { carries, type GatewayHealth } from './gateways.js';
import { type Ids } from './ids.js';

export interface PlannedPool {
  readonly pool: EgressPool;
  readonly id: number | undefined;
  /** Empty while the pool is malformed. */
  readonly ranges: readonly IpRange[];
  /** Why nothing is allocated from it; undefined: it is well-formed. */
  readonly fault: { readonly reason: Reason; readonly message: string } | undefined;
  /** Names of the gateways that it selects. */
  readonly gateways: readonly string[];
  readonly slots: readonly PlannedSlot[];
  /** Grows while addresses are given out. */
  readonly taken: { readonly 4: Set<bigint>; readonly 6: Set<bigint> };
}

export const nameOf = ({ metadata }: { readonly metadata: { readonly name: string } }): string =>
  metadata.name;

function readRanges({ spec }: EgressPool): { ranges: readonly IpRange[]; problem?: string } {
  try {
    return { ranges: parseRanges(spec.ranges) };
  } catch (error) {
    if (error instanceof ConfigError) return { ranges: [], problem: error.message };
    throw error;
  }
}

/** Addresses that belong to the network itself: next hops and the gateways' own. */
function reserved({ spec }: EgressPool, gateways: readonly EgressGateway[]): readonly string[] {
  return [...spec.uplink.nextHops, ...gateways.flatMap(({ status }) => status?.uplinkAddresses ?? [])];
}

function takenBy(addresses: readonly EgressAddress[], others: readonly string[]): PlannedPool['taken'] {
  const taken = { 4: new Set<bigint>(), 6: new Set<bigint>() };
  for (const text of [...addresses.flatMap(({ spec }) => spec.addresses), ...others]) {
    try {
      const { family, value } = parseIp(text);
      taken[family].add(value);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
    }
  }
  return taken;
}

export interface PoolInputs {
  readonly pools: readonly EgressPool[];
  readonly gateways: readonly EgressGateway[];
  readonly addresses: readonly EgressAddress[];
  readonly health: ReadonlyMap<string, GatewayHealth>;
  readonly ids: Ids;
  readonly holders: PlanContext['holders'];
  /** Gateways that give their slots away. */
  readonly leaving: ReadonlySet<string>;
}

/** Older pools first: of two that overlap the older one gives out addresses. */
export function planPools(inputs: PoolInputs): readonly PlannedPool[] {
  const { pools, gateways, addresses, ids } = inputs;
  for (const { status } of pools) if (status?.id !== undefined) ids.use('pool', status.id);
  const planned: PlannedPool[] = [];
  for (const pool of pools.toSorted(olderFirst)) {
    const { ranges, problem } = readRanges(pool);
    const older = planned.find((other) => overlap(other.ranges, ranges));
    const id = pool.status?.id ?? ids.take('pool');
    const candidates = gateways.filter(({ metadata }) => selects(pool.spec.gateways, metadata.labels));
    const selected = candidates.map(nameOf);
    planned.push({
      pool,
      id,
      ranges: older === undefined ? ranges : [],
      fault: faultOf({ problem, older, id }),
      gateways: selected,
      slots: slotsOf(pool, candidates, inputs),
      taken: takenBy(addresses, reserved(pool, gateways)),
    });
  }
  return planned;
}

function slotsOf(
  pool: EgressPool,
  candidates: readonly EgressGateway[],
  { health, holders, leaving }: Pick<PoolInputs, 'health' | 'holders' | 'leaving'>,
): readonly PlannedSlot[] {
  const size = { name: nameOf(pool), slots: pool.spec.slots };
  const before = pool.status?.slots ?? [];
  const names = candidates.map(nameOf).toSorted();
  if (holders === 'assigned') {
    const ready = new Set(names.filter((name) => health.get(name)?.state === 'Ready'));
    return planSlots(size, { gateways: names, ready }, before);
  }
  const gateways = candidates.map(({ metadata: { name }, spec: { zone } }) => ({
    name,
    zone,
    leaving: leaving.has(name),
  }));
  return orderSlots(size, gateways, before);
}

interface FaultInputs {
  readonly problem: string | undefined;
  readonly older: PlannedPool | undefined;
  readonly id: number | undefined;
}

function faultOf({ problem, older, id }: FaultInputs): PlannedPool['fault'] {
  if (problem !== undefined) return { reason: 'RangeInvalid', message: `${problem}; correct spec.ranges` };
  if (older !== undefined) {
    return {
      reason: 'RangesOverlap',
      message: `the ranges overlap with those of the older pool ${nameOf(older.pool)}; nothing is allocated from this one`,
    };
  }
  if (id === undefined) return { reason: 'IdsExhausted', message: 'there are 63 pools already; delete one' };
  return undefined;
}

export const inPool = ({ ranges }: PlannedPool, address: string): boolean =>
  contains(ranges, parseIp(address));

const shown = (count: bigint): number =>
  Number(count > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : count);

/** How many allocations it gives: a pair needs one of each family that the pool has. */
function allocations({ pool, ranges }: PlannedPool): bigint {
  const counts = ([4, 6] as const).map((family) => capacity(ranges, family));
  const present = counts.filter((count) => count > 0n);
  if (pool.spec.dualStack === 'Single') return counts.reduce((sum, count) => sum + count, 0n);
  return present.length === 0 ? 0n : present.reduce((least, count) => (count < least ? count : least));
}

function freeAllocations(planned: PlannedPool): bigint {
  const { pool, ranges, taken } = planned;
  const free = ([4, 6] as const).map((family) => {
    const used = [...taken[family]].filter((value) => contains(ranges, { family, value }));
    return { total: capacity(ranges, family), free: capacity(ranges, family) - BigInt(used.length) };
  });
  if (pool.spec.dualStack === 'Single') return free.reduce((sum, part) => sum + part.free, 0n);
  const present = free.filter(({ total }) => total > 0n).map((part) => part.free);
  return present.length === 0 ? 0n : present.reduce((least, count) => (count < least ? count : least));
}

function readyCondition(planned: PlannedPool, health: ReadonlyMap<string, GatewayHealth>): NextCondition {
  const { fault, pool, gateways } = planned;
  const generation = observed(pool);
  if (fault !== undefined) return { type: 'Ready', status: 'False', ...fault, ...generation };
  if (gateways.length === 0) {
    const message =
      'spec.gateways selects no EgressGateway; label a node sluice.dev/gateway=true, or change the selector';
    return { type: 'Ready', status: 'False', reason: 'NoGateway', message, ...generation };
  }
  const ready = gateways.filter((name) => carries(health.get(name)));
  if (ready.length === 0) {
    const message = `none of the gateways ${gateways.join(', ')} is ready`;
    return { type: 'Ready', status: 'False', reason: 'NoReadyGateway', message, ...generation };
  }
  const message = `addresses are given out; gateways: ${ready.join(', ')}`;
  return { type: 'Ready', status: 'True', reason: 'PoolReady', message, ...generation };
}

const observed = ({ metadata }: EgressPool) =>
  metadata.generation === undefined ? {} : { observedGeneration: metadata.generation };

function degradedCondition(
  { slots, pool }: PlannedPool,
  health: ReadonlyMap<string, GatewayHealth>,
): NextCondition {
  const ready = (name: string | undefined): boolean => name !== undefined && carries(health.get(name));
  const unheld = slots.filter(({ holder }) => !ready(holder)).length;
  const common = { type: 'Degraded', ...observed(pool) } as const;
  if (unheld > 0) {
    const message = `${String(unheld)} of ${String(slots.length)} slots are held by no ready gateway; their addresses carry nothing`;
    return { ...common, status: 'True', reason: 'SlotsUnheld', message };
  }
  if (slots.every(({ order }) => order.filter(ready).length < 2)) {
    return { ...common, status: 'True', reason: 'SingleGateway', message: 'only one gateway is ready' };
  }
  return {
    ...common,
    status: 'False',
    reason: 'AllSlotsHeld',
    message: 'every slot is held, and has a successor',
  };
}

/** Undefined: the object says so already. */
export function poolStatus(
  planned: PlannedPool,
  addresses: readonly EgressAddress[],
  health: ReadonlyMap<string, GatewayHealth>,
  nowIso: string,
): EgressPoolStatus | undefined {
  const { pool, id, slots } = planned;
  const free = shown(freeAllocations(planned));
  const exhausted: NextCondition =
    free === 0
      ? { type: 'Exhausted', status: 'True', reason: 'NoFreeAddress', message: 'every address is allocated' }
      : {
          type: 'Exhausted',
          status: 'False',
          reason: 'AddressesFree',
          message: `${String(free)} allocations are free`,
        };
  const next = [readyCondition(planned, health), exhausted, degradedCondition(planned, health)];
  const before = pool.status?.conditions ?? [];
  const conditions = next.reduce((list, condition) => setCondition(list, condition, nowIso), before);
  const status: EgressPoolStatus = {
    ...(id === undefined ? {} : { id }),
    capacity: shown(allocations(planned)),
    allocated: addresses.filter(({ spec }) => spec.pool === nameOf(pool)).length,
    free,
    slots,
    ...observed(pool),
    conditions,
  };
  return sameStatus(pool.status, status) ? undefined : status;
}

const sorted = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

/** Order of members apart, which the API server does not keep. */
export const sameStatus = (a: unknown, b: unknown): boolean =>
  JSON.stringify(a, (_, value: unknown) => sorted(value)) ===
  JSON.stringify(b, (_, value: unknown) => sorted(value));
