/** What the slot protocol counts. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface SlotMetrics {
  readonly open: Gauge;
  readonly moves: Counter<'why'>;
  readonly moveStepSeconds: Histogram<'step' | 'why'>;
  readonly alarms: Counter<'kind'>;
  readonly renewSeconds: Histogram;
  readonly renewFailures: Counter;
}

export const slotMetrics = (registry: Registry): SlotMetrics => ({
  open: new Gauge({
    name: 'sluice_slots_open',
    help: 'Slots that this gateway carries and answers for.',
    registers: [registry],
  }),
  moves: new Counter({
    name: 'sluice_slot_moves_total',
    help: 'Slots that this gateway took or handed over, by reason.',
    labelNames: ['why'],
    registers: [registry],
  }),
  moveStepSeconds: new Histogram({
    name: 'sluice_slot_move_step_seconds',
    help: 'Time from the beginning of a move until each of its steps was done, by reason of the move.',
    labelNames: ['step', 'why'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5],
    registers: [registry],
  }),
  alarms: new Counter({
    name: 'sluice_slot_alarms_total',
    help: 'Alarms of the slot protocol, by kind.',
    labelNames: ['kind'],
    registers: [registry],
  }),
  renewSeconds: new Histogram({
    name: 'sluice_lease_renew_seconds',
    help: 'Time until Redis answered a renewal of the lease.',
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25],
    registers: [registry],
  }),
  renewFailures: new Counter({
    name: 'sluice_lease_renew_failures_total',
    help: 'Renewals of the lease that Redis did not answer in time.',
    registers: [registry],
  }),
});
