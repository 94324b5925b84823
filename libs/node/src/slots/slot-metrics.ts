/** What the slot protocol counts. */
import { type AuditFindingKind, type SlotEffect } from '@sluice/coordination';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface SlotMetrics {
  readonly open: Gauge;
  readonly leavingSlots: Gauge;
  readonly leavingConnections: Gauge;
  readonly moves: Counter<'why'>;
  readonly moveStepSeconds: Histogram<'step' | 'why'>;
  readonly alarms: Counter<'kind'>;
  readonly renewSeconds: Histogram;
  readonly renewFailures: Counter;
}

/** Of the protocol, of the audit, and of a failover that did not end. */
type AlarmKind = Extract<SlotEffect, { readonly type: 'alarm' }>['kind'] | AuditFindingKind | 'unserved';
const alarmKinds = [
  'answered',
  'answered-late',
  'uplink-lost',
  'switch-lost',
  'underlay-lost',
  'isolated',
  'unserved',
  'unheld',
  'holder-without-lease',
  'map-differs',
] as const satisfies readonly AlarmKind[];

/** From 0 on, because Prometheus sees no increase in what was not there before. */
function alarmCounter(registry: Registry): Counter<'kind'> {
  const alarms = new Counter({
    name: 'sluice_slot_alarms_total',
    help: 'Alarms of the slot protocol, by kind.',
    labelNames: ['kind'],
    registers: [registry],
  });
  for (const kind of alarmKinds) alarms.inc({ kind }, 0);
  return alarms;
}

export const slotMetrics = (registry: Registry): SlotMetrics => ({
  open: new Gauge({
    name: 'sluice_slots_open',
    help: 'Slots that this gateway carries and answers for.',
    registers: [registry],
  }),
  leavingSlots: new Gauge({
    name: 'sluice_slots_leaving',
    help: 'Slots that this gateway has handed over and whose connections it still serves.',
    registers: [registry],
  }),
  leavingConnections: new Gauge({
    name: 'sluice_slots_leaving_connections',
    help: 'Connections of the slots that this gateway is leaving, when they were counted last.',
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
  alarms: alarmCounter(registry),
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
