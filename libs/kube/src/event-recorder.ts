/**
 * Events (events.k8s.io/v1) on the object of whoever must know. Equal events within ten minutes are one, and no process
 * writes more than a bounded number a minute: an event is a message to people, not a log.
 */
import { createHash } from 'node:crypto';
import { type Clock, describeError, type Logger } from '@sluice/core';
import { type KubeClient } from './client.js';
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
  readonly regarding: { readonly kind: string; readonly name: string; readonly uid: string };
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

const quietMs = 10 * 60_000;
const mostPerMinute = 60;
/** The API server refuses longer notes. */
const longestNote = 1024;
const sluiceKinds: ReadonlySet<string> = new Set(['EgressPool', 'EgressAddress', 'EgressGateway']);

export class EventRecorder {
  private readonly told = new Map<string, number>();
  private minute = { startMs: Number.NEGATIVE_INFINITY, count: 0 };

  constructor(private readonly options: EventRecorderOptions) {}

  /** Returns at once; a failure is logged. */
  record(event: NewEvent): void {
    const { clock, logger } = this.options;
    const nowMs = clock.monotonicMs();
    const key = createHash('sha256').update(JSON.stringify(event)).digest('hex').slice(0, 16);
    if (nowMs - (this.told.get(key) ?? Number.NEGATIVE_INFINITY) < quietMs) return;
    if (!this.admit(nowMs)) {
      logger.warn({ ...event }, 'too many events in a minute, this one is only logged');
      return;
    }
    this.forgetOld(nowMs);
    this.told.set(key, nowMs);
    this.write(event, key).catch((error: unknown) => {
      this.told.delete(key);
      logger.warn({ reason: event.reason, error: describeError(error) }, 'could not write an event');
    });
  }

  private admit(nowMs: number): boolean {
    if (nowMs - this.minute.startMs >= 60_000) this.minute = { startMs: nowMs, count: 0 };
    this.minute.count++;
    return this.minute.count <= mostPerMinute;
  }

  private forgetOld(nowMs: number): void {
    for (const [key, atMs] of this.told) if (nowMs - atMs >= quietMs) this.told.delete(key);
  }

  private async write({ regarding, type, reason, message }: NewEvent, key: string): Promise<void> {
    const { client, clock, component, instance } = this.options;
    const wallMs = clock.wallMs();
    const apiVersion = sluiceKinds.has(regarding.kind) ? apiVersionOf(egressGateways) : 'v1';
    await client.create(events, {
      metadata: {
        namespace: 'default',
        name: `${regarding.name.slice(0, 200)}.${key}.${wallMs.toString(36)}`,
      },
      eventTime: new Date(wallMs).toISOString().replace('Z', '000Z'),
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
