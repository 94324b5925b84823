/**
 * The queue on BullMQ, over connections of its own: the slot protocol has others and never sees it. One worker in each
 * gateway; a job is run by any of them, and runs again if that one dies. Every job only reads and writes the record:
 * the slots themselves are moved by the protocol alone.
 */
import { describeError, TransportError } from '@sluice/core';
import { type Job, Queue, Worker } from 'bullmq';
import { Redis, ReplyError } from 'ioredis';
import { ProblemLog } from '../redis/problem-log.js';
import { reconnecting } from '../redis/redis-link.js';
import { refusal } from '../redis/refusals.js';
import { audit, type AuditMemory, persisting } from './audit.js';
import { incidentRecord, unserved } from './incident-record.js';
import { type Incident, type IncidentRecord, incidentRecordSchema, type Move } from './move.js';
import { appendMove, movesKept, readMoves } from './move-log.js';
import { type MoveHistory, type MoveQueue, type MoveQueueOptions } from './move-queue.js';
import { Outbox } from './outbox.js';
import { readStoreState } from './store-state.js';

type QueueJob = Job<Incident | null, IncidentRecord | null>;

const queueName = 'failover';
const auditName = 'audit';
/** Longer than BullMQ blocks, which is 10 s at most. */
const silentMs = 15_000;
const patienceMs = 2000;
const stopMs = 500;
const againMs = 1000;
/** With `retryMs` of 5 s: longer than the slowest takeover. */
const attempts = 12;
/** Of several audits one must be missing before it is worth asking whether anybody still plans them. */
const auditMemorySeconds = 600;

export class BullMoveQueue implements MoveQueue {
  private readonly prefix: string;
  private readonly problems: ProblemLog;
  private readonly outbox = new Outbox(movesKept);
  private redis: Redis | undefined;
  private queue: Queue<Incident | null, IncidentRecord | null> | undefined;
  private worker: Worker<Incident | null, IncidentRecord | null> | undefined;
  private sending = false;
  private stopped = false;
  private cancelTick: (() => void) | undefined;

  constructor(private readonly options: MoveQueueOptions) {
    this.prefix = options.prefix ?? '{sluice}:';
    this.problems = new ProblemLog(options.logger, 'Redis takes the record of moves again');
  }

  start(): void {
    const redis = new Redis({
      ...this.options.redis,
      ...reconnecting,
      // Copies of it, which BullMQ makes, begin by themselves as well.
      lazyConnect: false,
      maxRetriesPerRequest: null,
      socketTimeout: silentMs,
      retryStrategy: (attempt) => (this.stopped ? null : reconnecting.retryStrategy(attempt)),
    });
    this.redis = redis;
    this.endCopies(redis);
    redis.on('error', (error: Error) => this.problem(error));
    redis.on('end', () => this.again(redis));
    redis.on('ready', () => {
      this.problems.recovered();
      this.connected(redis);
    });
    this.tick();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.cancelTick?.();
    const closing = Promise.allSettled([this.worker?.close(true), this.queue?.close()]);
    await Promise.race([closing, new Promise<void>((resolve) => this.options.clock.after(stopMs, resolve))]);
    this.redis?.disconnect();
  }

  moved(move: Move): void {
    this.outbox.add(move);
    void this.send();
  }

  async history(): Promise<MoveHistory> {
    const { redis, queue } = this;
    if (queue === undefined || redis?.status !== 'ready') throw notThere('there is no connection to Redis');
    const late = Promise.withResolvers<never>();
    const cancel = this.options.clock.after(patienceMs, () => late.reject(notThere('Redis does not answer')));
    try {
      const reading = Promise.all([
        readMoves(redis, this.prefix),
        queue.getJobs(['completed'], 0, movesKept),
      ]);
      const [moves, jobs] = await Promise.race([reading, late.promise]);
      const records = jobs.map(({ returnvalue }) => incidentRecordSchema.safeParse(returnvalue).data);
      return { moves, incidents: records.filter((record) => record !== undefined) };
    } finally {
      cancel();
    }
  }

  /** BullMQ for the first time only now: it gives a connection up that fails while it is made. */
  private connected(redis: Redis): void {
    if (this.stopped) return;
    const common = { connection: redis, prefix: this.prefix.replace(/:$/, ''), skipVersionCheck: true };
    if (this.queue === undefined) {
      this.queue = new Queue(queueName, common);
      this.queue.on('error', (error) => this.problem(error));
    }
    this.worker ??= this.newWorker(common);
    void this.planAudits();
    void this.send();
  }

  private newWorker(common: {
    readonly connection: Redis;
    readonly prefix: string;
    readonly skipVersionCheck: boolean;
  }): Worker<Incident | null, IncidentRecord | null> {
    const worker = new Worker<Incident | null, IncidentRecord | null>(
      queueName,
      (job) => this.run(job),
      common,
    );
    worker.on('error', (error) => this.problem(error));
    worker.on('failed', (job, error) => this.failed(job, error));
    worker.waitUntilReady().catch((error: unknown) => {
      this.problem(error);
      // Its own connection ended before it was there: another one at the next tick.
      void worker.close(true);
      this.worker = undefined;
    });
    return worker;
  }

  /** A wiped Redis has forgotten the audits, and a worker that could not begin is made anew. */
  private tick(): void {
    this.cancelTick = this.options.clock.after(this.options.auditMs ?? 60_000, () => this.tick());
    if (this.redis?.status === 'ready') this.connected(this.redis);
  }

  private async planAudits(): Promise<void> {
    const every = this.options.auditMs ?? 60_000;
    try {
      const known = await this.queue?.getJobScheduler(auditName);
      if (known?.every === every) return;
      const opts = { removeOnComplete: true, removeOnFail: true };
      await this.queue?.upsertJobScheduler(auditName, { every }, { name: auditName, data: null, opts });
    } catch (error) {
      this.problem(error);
    }
  }

  /** One after the other; what cannot be sent stays. A connection that breaks meanwhile sends it again. */
  private async send(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    try {
      for (let move = this.outbox.first; move !== undefined; move = this.outbox.first) {
        if (!(await this.sendOne(move))) break;
        this.outbox.sent(move);
      }
      const lost = this.outbox.takeLost();
      if (lost > 0)
        this.options.logger.warn({ lost }, 'moves were not recorded: Redis was away for too many');
    } finally {
      this.sending = false;
    }
  }

  private async sendOne(move: Move): Promise<boolean> {
    const { redis, queue, stopped } = this;
    if (stopped || queue === undefined || redis?.status !== 'ready') return false;
    try {
      await appendMove(redis, this.prefix, move);
      const { incident } = move;
      if (incident !== undefined) await this.plan(queue, incident);
      return true;
    } catch (error) {
      this.problem(error);
      this.options.clock.after(againMs, () => void this.send());
      return false;
    }
  }

  /** Put off with every further move of the incident; one that comes while the job runs lets it run once more. */
  private async plan(
    queue: Queue<Incident | null, IncidentRecord | null>,
    incident: Incident,
  ): Promise<void> {
    const { settleMs = 3000, retryMs = 5000 } = this.options;
    await queue.add(incident.kind, incident, {
      delay: settleMs,
      deduplication: { id: incident.id, replace: true, keepLastIfActive: true },
      attempts,
      backoff: { type: 'fixed', delay: retryMs },
      removeOnComplete: { count: movesKept },
      removeOnFail: { count: movesKept },
    });
  }

  private async run({ name, data }: QueueJob): Promise<IncidentRecord | null> {
    const { redis } = this;
    if (redis === undefined) return null;
    if (name === auditName || data === null) return this.audit(redis);
    const [moves, state] = await Promise.all([
      readMoves(redis, this.prefix),
      readStoreState(redis, this.prefix),
    ]);
    const left = unserved(data, moves, state);
    if (left.length > 0) throw new Unserved(left);
    const record = incidentRecord(data, moves);
    if (record === undefined) return null;
    this.options.reports.completed(record);
    return record;
  }

  private async audit(redis: Redis): Promise<null> {
    const map = await this.options.recorded().catch((error: unknown) => {
      this.options.logger.debug({ error: describeError(error) }, 'no audit without the map of the cluster');
      return undefined;
    });
    if (map === undefined) return null;
    const [state, before] = await Promise.all([
      readStoreState(redis, this.prefix),
      redis.get(`${this.prefix}audit`),
    ]);
    const { tell, memory } = persisting(memoryOf(before), audit(map, state));
    await redis.set(`${this.prefix}audit`, JSON.stringify(memory), 'EX', auditMemorySeconds);
    if (tell.length > 0) this.options.reports.findings(tell);
    return null;
  }

  private failed(job: QueueJob | undefined, error: Error): void {
    const { logger, reports } = this.options;
    if (!(error instanceof Unserved)) {
      logger.warn({ job: job?.name, error: describeError(error) }, 'a job of the queue failed');
      return;
    }
    const incident = job?.data ?? undefined;
    if (incident !== undefined && job !== undefined && job.attemptsMade >= attempts)
      reports.unserved(incident, error.slots);
  }

  /** A worker that is closed while it makes its connection anew opens it once more, for good: BullMQ forgets it. */
  private endCopies(redis: Redis): void {
    const duplicate = redis.duplicate.bind(redis);
    redis.duplicate = (override) => {
      const copy = duplicate(override);
      copy.on('ready', () => {
        if (this.stopped) copy.disconnect();
      });
      return copy;
    };
  }

  private again(redis: Redis): void {
    if (this.stopped) return;
    this.options.clock.after(againMs, () => {
      if (!this.stopped && redis.status === 'end') redis.connect().catch(() => undefined);
    });
  }

  private problem(error: unknown): void {
    if (this.stopped) return;
    const refused = error instanceof ReplyError && error instanceof Error;
    const text = refused ? refusal(error.message) : describeError(error);
    this.problems.problem(`Redis does not take the record of moves; failover goes on without it: ${text}`);
  }
}

class Unserved extends Error {
  constructor(readonly slots: readonly number[]) {
    super(`${String(slots.length)} slots have no living holder yet`);
  }
}

function memoryOf(text: string | null): AuditMemory {
  const value: unknown = text === null ? {} : JSON.parse(text);
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

const notThere = (message: string): TransportError =>
  new TransportError('SLUICE_STORE_UNREACHABLE', { message: `${message}; the record of moves is in it` });
