/** Which node's tunnel leads to an endpoint. */
import { type EgressGateway } from '@sluice/kube';
import { avalanche, fnv } from './hash.js';

export interface Places {
  /** Node id by name. */
  readonly ids: ReadonlyMap<string, number>;
  /** Ids of the nodes that are no gateways, ascending. */
  readonly workers: readonly number[];
}

export function placesOf(ids: Places['ids'], gateways: readonly EgressGateway[]): Places {
  const names = new Set(gateways.map(({ spec }) => spec.nodeName));
  const workers = [...ids].filter(([name]) => !names.has(name)).map(([, id]) => id);
  return { ids, workers: workers.sort((a, b) => a - b) };
}

/** Rendezvous: all gateways choose the same worker, and one that comes or goes moves only its own share. */
function relayOf(workers: readonly number[], address: string): number | undefined {
  const hash = avalanche(fnv(address));
  let best: number | undefined;
  let most = -1;
  for (const worker of workers) {
    const weight = avalanche(hash ^ Math.imul(worker, 0x9e3779b1));
    if (weight > most) [best, most] = [worker, weight];
  }
  return best;
}

/**
 * The node of the endpoint. One that no tunnel leads to (no Pod, or its node has no id yet) is reached over a worker
 * whose kernel forwards; undefined: there is none. A gateway's own node counts as any other: only the gateway itself
 * could tell whether it is a worker, too, and all gateways must choose alike.
 */
export const placeOf = (
  { ids, workers }: Places,
  nodeName: string | undefined,
  address: string,
): number | undefined =>
  (nodeName === undefined ? undefined : ids.get(nodeName)) ?? relayOf(workers, address);

/** Whether endpoints of a node are reached in another way than before; undefined: all are reached as before. */
export function placesChange(
  before: Places,
  after: Places,
): ((nodeName: string | undefined) => boolean) | undefined {
  const changed = new Set(
    [...before.ids.keys(), ...after.ids.keys()].filter(
      (name) => before.ids.get(name) !== after.ids.get(name),
    ),
  );
  const relaysDiffer =
    before.workers.length !== after.workers.length ||
    before.workers.some((id, at) => id !== after.workers[at]);
  if (changed.size === 0 && !relaysDiffer) return undefined;
  return (nodeName) =>
    nodeName === undefined || !after.ids.has(nodeName)
      ? relaysDiffer || (nodeName !== undefined && changed.has(nodeName))
      : changed.has(nodeName);
}
