/** What the leader sees of the whole cluster; other replicas show nothing, so that sums over all of them are true. */
import { type EgressGatewayState } from '@sluice/kube';
import { gatewayStates, whyUnheld, type World } from '@sluice/model';
import { Gauge, type Registry } from 'prom-client';

const states = ['Ready', 'Draining', 'NotReady', 'Lost'] as const satisfies readonly EgressGatewayState[];

export class FleetMetrics {
  private readonly gateways: Gauge<'state'>;
  private readonly slotsUnheld: Gauge<'pool'>;
  private readonly slotsShared: Gauge<'pool'>;
  private readonly free: Gauge<'pool'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.gateways = new Gauge({
      name: 'sluice_gateways',
      help: 'Gateways by state: Ready, Draining, NotReady, Lost. Of the leader only.',
      labelNames: ['state'],
      registers,
    });
    this.slotsUnheld = new Gauge({
      name: 'sluice_pool_slots_unheld',
      help: 'Slots of a pool without a holder that works: their addresses carry nothing. Of the leader only.',
      labelNames: ['pool'],
      registers,
    });
    this.slotsShared = new Gauge({
      name: 'sluice_pool_slots_shared',
      help: 'Slots of a pool that have moved, and whose older connections the former holder still serves. Of the leader only.',
      labelNames: ['pool'],
      registers,
    });
    this.free = new Gauge({
      name: 'sluice_pool_allocations_free',
      help: 'Allocations that a pool can still give. Of the leader only.',
      labelNames: ['pool'],
      registers,
    });
  }

  observe({ gateways, pools }: Pick<World, 'gateways' | 'pools'>): void {
    this.reset();
    const known = gatewayStates(gateways);
    for (const state of states) this.gateways.set({ state }, 0);
    for (const state of known.values()) this.gateways.inc({ state: state ?? 'NotReady' });
    for (const { metadata, status: { slots = [], free } = {} } of pools) {
      const labels = { pool: metadata.name };
      this.slotsUnheld.set(labels, slots.filter((slot) => whyUnheld(slot, known) !== undefined).length);
      this.slotsShared.set(labels, slots.filter(({ previous }) => previous !== undefined).length);
      if (free !== undefined) this.free.set(labels, free);
    }
  }

  /** Pools that are gone, and what another leader knows better. */
  reset(): void {
    for (const gauge of [this.gateways, this.slotsUnheld, this.slotsShared, this.free]) gauge.reset();
  }
}
