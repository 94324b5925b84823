/** Addresses of pools on which clients reach a Service. */
import { type EgressAddress, type EgressPool, type Service } from '@sluice/kube';
import { type GlobalSlot } from '../intent.js';
import { canonicalOr, compareText, familyOf } from '../ip-text.js';
import { gatewayLoadBalancerClass } from '../names.js';
import { globalSlot } from '../served-pools.js';

/** An address that an EgressAddress holds for a Service. */
export interface ClaimedAddress {
  readonly uid: string;
  readonly address: string;
  readonly slot: GlobalSlot;
}

export interface ServiceClaim extends ClaimedAddress {
  readonly namespace: string;
  readonly name: string;
}

/** Id of each pool that has one. */
export type PoolIds = ReadonlyMap<string, number>;

export const poolIdsOf = (pools: readonly EgressPool[]): PoolIds =>
  new Map(
    pools.flatMap(({ metadata, status }) =>
      status?.id === undefined ? [] : [[metadata.name, status.id] as const],
    ),
  );

/** Of every Service that uses the address; none if its pool has no id. */
export function claimsOnAddress({ spec }: EgressAddress, poolIds: PoolIds): readonly ServiceClaim[] {
  const { kind, namespace } = spec.claim;
  const pool = poolIds.get(spec.pool);
  if (kind !== 'Service' || namespace === undefined || pool === undefined) return [];
  const slot = globalSlot(pool, spec.slot);
  const users = [spec.claim, ...(spec.sharedWith ?? [])];
  return users.flatMap(({ name, uid }) =>
    spec.addresses.map((address) => ({ namespace, name, uid, address, slot })),
  );
}

export const sameClaims = (a: readonly ClaimedAddress[], b: readonly ClaimedAddress[]): boolean =>
  a.length === b.length &&
  a.every(({ uid, address, slot }, at) => {
    const other = b[at];
    return uid === other?.uid && address === other.address && slot === other.slot;
  });

/** Whether pools give this Service its addresses. */
export const isOurs = ({ spec }: Service, defaultClass: boolean): boolean =>
  spec?.type === 'LoadBalancer' &&
  (spec.loadBalancerClass === undefined ? defaultClass : spec.loadBalancerClass === gatewayLoadBalancerClass);

/** `ipMode: Proxy` asks for clients to go through the load balancer itself, which a node must not shortcut. */
const shownAddresses = ({ status }: Service): ReadonlySet<string | undefined> =>
  new Set(
    (status?.loadBalancer?.ingress ?? [])
      .filter(({ ipMode = 'VIP' }) => ipMode === 'VIP')
      .map(({ ip }) => canonicalOr(ip)),
  );

/**
 * Sorted. An address must be in the status and held for this very Service (its UID): whoever may write a status cannot
 * have the address of another.
 */
export function addressesOfService(
  service: Service,
  claims: readonly ClaimedAddress[],
  { family, defaultClass }: { readonly family: 4 | 6; readonly defaultClass: boolean },
): readonly Omit<ClaimedAddress, 'uid'>[] {
  if (claims.length === 0 || !isOurs(service, defaultClass)) return [];
  const shown = shownAddresses(service);
  return claims
    .filter(({ uid, address }) => uid === service.metadata.uid && familyOf(address) === family)
    .filter(({ address }) => shown.has(address))
    .map(({ address, slot }) => ({ address, slot }))
    .toSorted((a, b) => compareText(a.address, b.address) || a.slot - b.slot)
    .filter(({ address }, at, all) => all[at - 1]?.address !== address);
}
