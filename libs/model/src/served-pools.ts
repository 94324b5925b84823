/** Which pools a gateway serves, and how slots of pools are numbered in the datapath. */
import { type EgressPool } from '@sluice/kube';
import { type GlobalSlot } from './intent.js';
import { selects } from './selector.js';
import { type World } from './world.js';

/** Pool id above, slot below. */
export const globalSlot = (poolId: number, slot: number): GlobalSlot => poolId * 1024 + slot;

/** Pools that select the gateway or have it in the order of a slot; by id. */
export const servedPools = ({ pools, gateways }: World, gateway: string): readonly EgressPool[] => {
  const labels = gateways.find(({ metadata }) => metadata.name === gateway)?.metadata.labels ?? {};
  return pools
    .filter(({ spec, status }) => {
      if (status?.id === undefined) return false;
      const ordered = (status.slots ?? []).some(({ order }) => order.includes(gateway));
      return selects(spec.gateways, labels) || ordered;
    })
    .toSorted((a, b) => (a.status?.id ?? 0) - (b.status?.id ?? 0));
};
