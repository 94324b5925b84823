/** Endpoints that get no new clients any more, though what conntrack knows would go on sending some to them. */
import { type ServiceEndpoint, type ServicePort } from '../intent.js';
import { listChange } from './list-change.js';

export type EndpointPlace = Pick<ServiceEndpoint, 'address' | 'port'>;

/** By what speaks to them. */
export interface GoneEndpoints {
  /** Without those that another UDP port still has: their clients are well. */
  readonly udp: readonly EndpointPlace[];
  /** Another TCP port may still have some. */
  readonly tcp: readonly EndpointPlace[];
}

/** In the lists of a gateway before and after a change. */
export function goneEndpoints(before: readonly ServicePort[], after: readonly ServicePort[]): GoneEndpoints {
  const { removed, added } = listChange(before, after);
  return {
    udp: without(endpointsOf(removed, 'UDP'), after, 'UDP'),
    tcp: without(endpointsOf(removed, 'TCP'), added, 'TCP'),
  };
}

function without(
  lost: readonly ServiceEndpoint[],
  kept: Iterable<ServicePort>,
  protocol: ServicePort['protocol'],
): readonly EndpointPlace[] {
  if (lost.length === 0) return [];
  const places = new Map(lost.map((endpoint) => [placeKey(endpoint), endpoint]));
  for (const endpoint of endpointsOf(kept, protocol)) places.delete(placeKey(endpoint));
  return [...places.values()].map(({ address, port }) => ({ address, port }));
}

const endpointsOf = (
  ports: Iterable<ServicePort>,
  wanted: ServicePort['protocol'],
): readonly ServiceEndpoint[] =>
  [...ports].filter(({ protocol }) => protocol === wanted).flatMap(({ endpoints }) => endpoints);

/** The same for equal places alone. */
export const placeKey = ({ address, port }: EndpointPlace): string => `${address} ${String(port)}`;
