/** Objects of a cluster as specs need them. */
import {
  type EgressGateway,
  type EgressGatewayState,
  type EgressPool,
  type EgressPoolSlot,
} from '@sluice/kube';
import { type Fleet } from '../slots/ledger.js';

export const gateway = (
  name: string,
  state: EgressGatewayState = 'Ready',
  spec: Partial<EgressGateway['spec']> = {},
): EgressGateway => ({
  metadata: { name },
  spec: { nodeName: name, uplinkInterface: 'e0', capacity: 4096, draining: false, ...spec },
  status: { state },
});

export const pool = (
  name: string,
  slots: readonly Partial<EgressPoolSlot>[],
  spec: Partial<EgressPool['spec']> = {},
): EgressPool => ({
  metadata: { name },
  spec: {
    ranges: [{ cidr: '198.18.0.96/27' }],
    uplink: { nextHops: ['198.18.0.1'] },
    slots: slots.length,
    dualStack: 'Single',
    ...spec,
  },
  status: { slots: slots.map((slot, at) => ({ slot: at, epoch: 1, order: [], ...slot })) },
});

export const fleet = (
  states: Readonly<Record<string, EgressGatewayState>>,
  pools: readonly EgressPool[],
): Fleet => ({
  gateways: Object.entries(states).map(([name, state]) => gateway(name, state)),
  pools,
});
