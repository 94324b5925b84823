import { describe, expect, it } from '@jest/globals';
import { type EgressGateway, type EgressGatewayState, type EgressPool } from '@sluice/kube';
import { Registry } from 'prom-client';
import { FleetMetrics } from './fleet-metrics.js';

const gateway = (name: string, state: EgressGatewayState): EgressGateway => ({
  metadata: { name },
  spec: { nodeName: name, uplinkInterface: 'e0', capacity: 1, draining: false },
  status: { state },
});

const pool: EgressPool = {
  metadata: { name: 'default' },
  spec: { ranges: [], uplink: { nextHops: [] }, slots: 4, dualStack: 'Single' },
  status: {
    free: 7,
    slots: [
      { slot: 0, holder: 'gw-1', epoch: 1, order: [] },
      { slot: 1, holder: 'gw-1', previous: 'gw-2', epoch: 1, order: [] },
      { slot: 2, holder: 'gw-2', epoch: 1, order: [] },
      { slot: 3, epoch: 1, order: [] },
    ],
  },
};

const lines = async (registry: Registry): Promise<readonly string[]> =>
  (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));

describe('what the leader sees', () => {
  const registry = new Registry();
  const metrics = new FleetMetrics(registry);

  it('is counted by state and pool', async () => {
    metrics.observe({ gateways: [gateway('gw-1', 'Ready'), gateway('gw-2', 'Lost')], pools: [pool] });
    expect(await lines(registry)).toEqual([
      'sluice_gateways{state="Ready"} 1',
      'sluice_gateways{state="Draining"} 0',
      'sluice_gateways{state="NotReady"} 0',
      'sluice_gateways{state="Lost"} 1',
      'sluice_pool_slots_unheld{pool="default"} 2',
      'sluice_pool_slots_shared{pool="default"} 1',
      'sluice_pool_allocations_free{pool="default"} 7',
    ]);
  });

  it('is nothing where another one leads', async () => {
    metrics.reset();
    expect(await lines(registry)).toEqual([]);
  });
});
