/**
 * The annotation `sluice.dev/service-ids`, and who holds an id that several Services claim. Service ids and egress ids
 * (EgressAddress.spec.id) are different spaces of numbers: the kind of a tunnel packet says which one it carries.
 */
import { idLimits } from '@sluice/ipam';
import { type Service } from '@sluice/kube';
import { olderFirst } from '../fleet.js';
import { serviceIdsAnnotation } from '../names.js';
import { remembered } from '../remembered.js';
import { isServed, portsOf } from './eligible.js';

/** Id by protocol/port. */
export type ServiceIds = ReadonlyMap<string, number>;

const entryForm = /^((?:TCP|UDP|SCTP)\/[1-9]\d{0,4})=([1-9]\d{0,4})$/;

/** Undefined: malformed, or a port or an id is there twice. */
export function parseServiceIds(text: string): ServiceIds | undefined {
  const ids = new Map<string, number>();
  const used = new Set<number>();
  for (const entry of text.split(',')) {
    const [, key, digits] = entryForm.exec(entry) ?? [];
    const id = Number(digits);
    if (key === undefined || id > idLimits.service || ids.has(key) || used.has(id)) return undefined;
    ids.set(key, id);
    used.add(id);
  }
  return ids;
}

/** SCTP before TCP before UDP, then by number. */
function compareKeys(a: string, b: string): number {
  const [x = '', xPort] = a.split('/');
  const [y = '', yPort] = b.split('/');
  return x === y ? Number(xPort) - Number(yPort) : x < y ? -1 : 1;
}

/** `TCP/80=17,UDP/53=18`; undefined: there are none. */
export const formatServiceIds = (ids: ServiceIds): string | undefined =>
  ids.size === 0
    ? undefined
    : [...ids]
        .toSorted(([a], [b]) => compareKeys(a, b))
        .map(([key, id]) => `${key}=${String(id)}`)
        .join();

const none: ServiceIds = new Map();

/** Ids that the annotation gives to ports which the Service has; none if nobody serves it. */
export const claimedIds = remembered((service: Service): ServiceIds => {
  const text = service.metadata.annotations?.[serviceIdsAnnotation];
  if (text === undefined || !isServed(service)) return none;
  const ports = new Set(portsOf(service).map(({ key }) => key));
  return new Map([...(parseServiceIds(text) ?? none)].filter(([key]) => ports.has(key)));
});

interface Claim {
  readonly claimants: Set<Service>;
  oldest: Service;
}

const oldestOf = (services: Iterable<Service>): Service | undefined => {
  let oldest: Service | undefined;
  for (const service of services) {
    if (oldest === undefined || olderFirst(service, oldest) < 0) oldest = service;
  }
  return oldest;
};

/** Of the Services that claim one id the oldest holds it. Controller and gateways decide by this alone. */
export class IdHolders {
  private readonly claims = new Map<number, Claim>();

  /** Gives the Services that lose an id to this one. */
  add(service: Service): readonly Service[] {
    return [...claimedIds(service).values()].flatMap((id) => {
      const claim = this.claims.get(id);
      if (claim === undefined) {
        this.claims.set(id, { claimants: new Set([service]), oldest: service });
        return [];
      }
      claim.claimants.add(service);
      const { oldest } = claim;
      if (olderFirst(service, oldest) >= 0) return [];
      claim.oldest = service;
      return [oldest];
    });
  }

  /** Gives the Services that gain an id of this one. */
  remove(service: Service): readonly Service[] {
    return [...claimedIds(service).values()].flatMap((id) => {
      const claim = this.claims.get(id);
      if (claim?.claimants.delete(service) !== true || claim.oldest !== service) return [];
      const next = oldestOf(claim.claimants);
      if (next === undefined) {
        this.claims.delete(id);
        return [];
      }
      claim.oldest = next;
      return [next];
    });
  }

  held(service: Service): ServiceIds {
    const claimed = claimedIds(service);
    const holds = (id: number): boolean => this.claims.get(id)?.oldest === service;
    if ([...claimed.values()].every(holds)) return claimed;
    return new Map([...claimed].filter(([, id]) => holds(id)));
  }
}
