/** Why a drain would lead nowhere. Pure. */
import { type EgressGateway } from '@sluice/kube';
import { count, type Fleet, slotsOf } from '../slots/ledger.js';

const canTake = ({ spec, status }: EgressGateway): boolean => status?.state === 'Ready' && !spec.draining;

/** Every slot of the gateway needs another one that could take it now; a line for each pool where there is none. */
export function obstacles(gateway: string, { gateways, pools }: Fleet): readonly string[] {
  const able = new Set(gateways.filter(canTake).map(({ metadata }) => metadata.name));
  const stuck = slotsOf(pools).filter(
    ({ holder, order }) => holder === gateway && !order.some((name) => name !== gateway && able.has(name)),
  );
  const others = gateways
    .filter(({ metadata }) => metadata.name !== gateway)
    .map(({ metadata, spec, status }) => {
      return `${metadata.name} is ${spec.draining ? 'Draining' : (status?.state ?? 'NotReady')}`;
    });
  const there = others.length === 0 ? 'there is no other gateway' : others.join(', ');
  return [...Map.groupBy(stuck, ({ pool }) => pool)].map(
    ([pool, slots]) =>
      `nobody else could take ${count(slots.length, 'slot')} of EgressPool ${pool} (${there}); they would stay on ${gateway}`,
  );
}
