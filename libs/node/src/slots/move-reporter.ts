/** Tells of moves wherever somebody may look: log, metrics, the gateway's events, and the record that all gateways share. */
import { randomUUID } from 'node:crypto';
import {
  type AuditFinding,
  type Incident,
  type IncidentRecord,
  Incidents,
  type Move,
  type MoveQueue,
  type QueueReports,
  type SlotEffect,
} from '@sluice/coordination';
import { type Clock, type Logger } from '@sluice/core';
import { type SlotView } from '@sluice/model';
import { type GatewayEvents } from './gateway-events.js';
import { type SlotMetrics } from './slot-metrics.js';

type Moved = Extract<SlotEffect, { readonly type: 'moved' }>;

export interface MoveReporterOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: SlotMetrics;
  readonly events: Pick<GatewayEvents, 'tell'>;
}

/** What is known around a move. */
export interface MoveContext {
  readonly view: SlotView;
  /** When the switch had done it, on the monotonic clock. */
  readonly doneAt: number;
}

export class MoveReporter implements QueueReports {
  private readonly incidents = new Incidents();

  constructor(private readonly options: MoveReporterOptions) {}

  /** What a look at the leases showed: a lost gateway is known by the process that it was. */
  seen: Incidents['seen'] = (leases) => this.incidents.seen(leases);

  moved(effect: Moved, context: MoveContext, queue: Pick<MoveQueue, 'moved'>): void {
    const { metrics, logger, events } = this.options;
    const { slots, why, from, to, startedAt } = effect;
    const steps = stepsOf(effect, context);
    const ms = Math.round(context.doneAt - startedAt);
    metrics.moves.inc({ why }, slots.length);
    for (const [step, stepMs] of Object.entries(steps))
      metrics.moveStepSeconds.observe({ step, why }, stepMs / 1000);
    logger.info({ slots: slots.length, why, from, to, ms, steps }, 'slots moved');
    for (const move of this.records(effect, context)) queue.moved(move);
    if (why === 'handed-over' || why === 'mine-already' || why === 'never-held') return;
    const message = `took ${slotCount(slots.length)} of ${from ?? 'nobody'} in ${seconds(ms)} (${why})`;
    events.tell(to, { type: 'Normal', reason: 'SlotsTaken', message });
  }

  completed = ({ kind, gateway, slots, takenBy, totalMs }: IncidentRecord): void => {
    const takers = Object.entries(takenBy).map(([name, count]) => `${name} (${String(count)})`);
    const where = `${takers.join(', ')} in ${seconds(totalMs)}`;
    this.options.logger.info(
      { kind, gateway, slots, takenBy, totalMs },
      'the moves of an incident are complete',
    );
    this.options.events.tell(
      gateway,
      kind === 'failover'
        ? { type: 'Warning', reason: 'SlotsLost', message: `${slotCount(slots)} went to ${where}` }
        : {
            type: 'Normal',
            reason: 'SlotsHandedOver',
            message: `${slotCount(slots)} went to ${where} (${kind})`,
          },
    );
  };

  unserved = ({ id, gateway }: Incident, slots: readonly number[]): void => {
    this.options.metrics.alarms.inc({ kind: 'unserved' });
    this.options.logger.error(
      { incident: id, gateway, slots: slots.length },
      'slots of a lost gateway still have no holder that lives; look at the other gateways: are they ready, and does each reach Redis?',
    );
    const message = `left without a gateway: ${slotCount(slots.length)}`;
    this.options.events.tell(gateway, { type: 'Warning', reason: 'SlotsUnheld', message });
  };

  findings = (findings: readonly AuditFinding[]): void => {
    for (const [kind, group] of Map.groupBy(findings, ({ kind }) => kind)) {
      this.options.metrics.alarms.inc({ kind }, group.length);
      const slots = group.map(({ pool, slot }) => `${pool}/${String(slot)}`);
      this.options.logger.error(
        { kind, slots: slots.slice(0, shownSlots), of: slots.length },
        findingText[kind],
      );
    }
  };

  /** One for each pool. */
  private records(effect: Moved, context: MoveContext): readonly Move[] {
    const { why, from, to, startedAt } = effect;
    const { view, doneAt } = context;
    const { clock } = this.options;
    const wall = (monotonicMs: number): number => clock.wallMs() - (clock.monotonicMs() - monotonicMs);
    const draining = view.draining.has(view.self);
    const incident = this.incidents.of({ why, from, draining, atMs: Math.round(wall(doneAt)) });
    const moved = new Set(effect.slots);
    const duties = view.slots.filter(({ slot }) => moved.has(slot));
    return [...Map.groupBy(duties, ({ pool }) => pool)].map(([pool, group]) => ({
      id: randomUUID(),
      pool,
      poolId: Math.floor((group[0]?.slot ?? 0) / 1024),
      slots: group.map(({ ordinal }) => ordinal),
      ...(from === undefined ? {} : { from }),
      to,
      why,
      startedAt: new Date(wall(startedAt)).toISOString(),
      at: new Date(wall(doneAt)).toISOString(),
      steps: stepsOf(effect, context),
      ...(incident === undefined ? {} : { incident }),
    }));
  }
}

const shownSlots = 20;

function stepsOf({ steps, why, startedAt }: Moved, { doneAt }: MoveContext): Move['steps'] {
  const all = why === 'handed-over' ? steps : { ...steps, opened: doneAt - startedAt };
  return Object.fromEntries(Object.entries(all).map(([step, ms]) => [step, Math.round(ms)]));
}

const slotCount = (count: number): string => (count === 1 ? '1 slot' : `${String(count)} slots`);
const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

const findingText = {
  unheld: 'slots have no holder in the store for a minute; their addresses carry nothing',
  'holder-without-lease':
    'the holder of slots has had no lease for a minute: its process is dead, or cut off from Redis',
  'map-differs':
    'status.slots of a pool has differed from the store for a minute; is the API server reached?',
} as const satisfies Record<AuditFinding['kind'], string>;
