/** Endpoints that get no new datagrams any more: what conntrack knows of them would go on sending clients there. */
import { type ServiceEndpoint, type ServicePort } from '../intent.js';
import { listChange } from './list-change.js';

/** Of UDP, in the lists of a gateway before and after a change; one that another UDP port still has is not gone. */
export function goneDatagramEndpoints(
  before: readonly ServicePort[],
  after: readonly ServicePort[],
): readonly Pick<ServiceEndpoint, 'address' | 'port'>[] {
  const { removed } = listChange(before, after);
  const lost = new Map(ofDatagrams(removed).map((endpoint) => [keyOf(endpoint), endpoint]));
  if (lost.size === 0) return [];
  for (const endpoint of ofDatagrams(after)) lost.delete(keyOf(endpoint));
  return [...lost.values()].map(({ address, port }) => ({ address, port }));
}

const ofDatagrams = (ports: Iterable<ServicePort>): readonly ServiceEndpoint[] =>
  [...ports].filter(({ protocol }) => protocol === 'UDP').flatMap(({ endpoints }) => endpoints);

const keyOf = ({ address, port }: ServiceEndpoint): string => `${address} ${String(port)}`;
