/**
 * The port to what follows a move: its record, and the jobs that may be tried again. Nothing waits for it: a gateway
 * opens its slots first and tells of them later, and while Redis is away it keeps what it has to tell.
 */
import { type Clock, type Logger } from '@sluice/core';
import { type RedisOptions } from '../redis/redis-link.js';
import { type AuditFinding, type RecordedSlot } from './audit.js';
import { type Incident, type IncidentRecord, type Move } from './move.js';

export interface MoveHistory {
  /** Latest first. */
  readonly moves: readonly Move[];
  readonly incidents: readonly IncidentRecord[];
}

export interface MoveQueue {
  start(): void;
  /** Ends within a second, whatever Redis does; what was not sent is lost. */
  stop(): Promise<void>;
  /** Returns at once. */
  moved(move: Move): void;
  /** Rejects with SLUICE_STORE_UNREACHABLE while Redis is away. */
  history(): Promise<MoveHistory>;
}

/** What the gateway that happened to run a job has to tell. */
export interface QueueReports {
  readonly completed: (record: IncidentRecord) => void;
  /** Slots of it still have no living holder, after all attempts. */
  readonly unserved: (incident: Incident, slots: readonly number[]) => void;
  /** Each finding once, when two audits in a row have made it. */
  readonly findings: (findings: readonly AuditFinding[]) => void;
}

export interface MoveQueueOptions {
  readonly redis: RedisOptions;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly reports: QueueReports;
  /** The cluster's map, for the audit. */
  readonly recorded: () => Promise<readonly RecordedSlot[]>;
  /** Of all keys; as the store's, with its colon. */
  readonly prefix?: string;
  /** An incident is put together when it has been quiet for so long. */
  readonly settleMs?: number;
  readonly retryMs?: number;
  readonly auditMs?: number;
}

/** BullMQ is large: only the process that calls this loads it. */
export async function openMoveQueue(options: MoveQueueOptions): Promise<MoveQueue> {
  const { BullMoveQueue } = await import('./bull-move-queue.js');
  return new BullMoveQueue(options);
}
