/** Which slots nobody carries, from what the objects say. Pure. */
import { type EgressGateway, type EgressGatewayState, type EgressPoolSlot } from '@sluice/kube';

/** State by name; undefined: it has not been reported yet. */
export type GatewayStates = ReadonlyMap<string, EgressGatewayState | undefined>;

export const gatewayStates = (gateways: readonly EgressGateway[]): GatewayStates =>
  new Map(gateways.map(({ metadata, status }) => [metadata.name, status?.state]));

/** In words; undefined: its holder works. */
export function whyUnheld(
  { holder }: Pick<EgressPoolSlot, 'holder'>,
  states: GatewayStates,
): string | undefined {
  if (holder === undefined) return 'no holder';
  if (!states.has(holder)) return `${holder} does not exist`;
  const state = states.get(holder) ?? 'NotReady';
  return state === 'Lost' || state === 'NotReady' ? `${holder} is ${state}` : undefined;
}
