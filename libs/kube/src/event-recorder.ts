/**
 * Events (events.k8s.io/v1) on the object of whoever must know. An event that comes again within ten minutes continues
 * the series of the first (how often, and when last), and no process writes more than a bounded number a minute: an
 * event is a message to people, not a log.
 */
import { createHash } from 'node:crypto';
import { type Clock, describeError, type Logger } from '@sluice/core';
import { type KubeClient } from './client.js';
import { isNotFound } from './errors.js';
import { apiVersionOf, egressGateways, events } from './resources.js';

export interface EventRecorderOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly logger: Logger;
  /** `sluice-agent`: who tells. */
  readonly component: string;
  /** Which of them: the node's or the Pod's name. */
  readonly instance: string;
}

export interface NewEvent {
  readonly regarding: {
    readonly kind: string;
    /** Of objects that are in one. */
    readonly namespace?: string;
    readonly name: string;
    readonly uid: string;
  };
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** Equal events further apart than this are of different series. */
const seriesMs = 10 * 60_000;
const mostPerMinute = 60;
/** The API server refuses longer notes. */
const longestNote = 1024;
const sluiceKinds: ReadonlySet<string> = new Set(['EgressPool', 'EgressAddress', 'EgressGateway']);

/** Events of what has no namespace lie in this one. */
const namespaceOf = ({ regarding }: NewEvent): string => regarding.namespace ?? 'default';

/** Equal events: one object in the API server. */
interface Series {
  /** Undefined until it is created. */
  name?: string;
  count: number;
  lastMs: number;
  /** Ends when all that was told is written. */
  written: Promise<void>;
}

export class EventRecorder {
  private readonly told = new Map<string, Series>();
  private minute = { startMs: Number.NEGATIVE_INFINITY, count: 0 };

  constructor(private readonly options: EventRecorderOptions) {}

  /** Returns at once; a failure is logged. */
  record(event: NewEvent): void {
    const { clock, logger } = this.options;
    const nowMs = clock.monotonicMs();
    if (!this.admit(nowMs)) {
      logger.warn({ ...event }, 'too many events in a minute, this one is only logged');
      return;
    }
    this.forgetOld(nowMs);
    const key = createHash('sha256').update(JSON.stringify(event)).digest('hex').slice(0, 16);
    const series = this.told.get(key) ?? { count: 0, lastMs: nowMs, written: Promise.resolve() };
    this.told.set(key, series);
    series.count++;
    series.lastMs = nowMs;
    series.written = series.written
      .then(() => this.write(event, key, series))
      .catch((error: unknown) => {
        logger.warn({ reason: event.reason, error: describeError(error) }, 'could not write an event');
      });
  }

  private admit(nowMs: number): boolean {
    if (nowMs - this.minute.startMs >= 60_000) this.minute = { startMs: nowMs, count: 0 };
    this.minute.count++;
    return this.minute.count <= mostPerMinute;
  }

  private forgetOld(nowMs: number): void {
    for (const [key, { lastMs }] of this.told) if (nowMs - lastMs >= seriesMs) this.told.delete(key);
  }

  private async write(event: NewEvent, key: string, series: Series): Promise<void> {
    const wallMs = this.options.clock.wallMs();
    const time = new Date(wallMs).toISOString().replace('Z', '000Z');
    if (series.name !== undefined && (await this.prolong(namespaceOf(event), series, time))) return;
    const name = `${event.regarding.name.slice(0, 200)}.${key}.${wallMs.toString(36)}`;
    await this.create(name, event, time);
    series.name = name;
  }

  /** False if the API server has forgotten the event. */
  private async prolong(
    namespace: string,
    { name = '', count }: Series,
    lastObservedTime: string,
  ): Promise<boolean> {
    const patch = { series: { count, lastObservedTime } };
    try {
      await this.options.client.patch(events, { namespace, name }, patch);
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  private async create(name: string, event: NewEvent, eventTime: string): Promise<void> {
    const { regarding, type, reason, message } = event;
    const { client, component, instance } = this.options;
    const apiVersion = sluiceKinds.has(regarding.kind) ? apiVersionOf(egressGateways) : 'v1';
    await client.create(events, {
      metadata: { namespace: namespaceOf(event), name },
      eventTime,
      reportingController: `sluice.dev/${component.replace(/^sluice-/, '')}`,
      reportingInstance: instance,
      action: reason,
      reason,
      regarding: { apiVersion, ...regarding },
      note: message.length <= longestNote ? message : `${message.slice(0, longestNote - 1)}…`,
      type,
    });
  }
}
