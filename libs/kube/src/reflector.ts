/**
 * A cache that follows a resource: list, then watch, for ever.
 *
 *   listing ──▶ watching ──▶ (server ends the watch) ──▶ watching from the last version
 *      ▲            │ 410: history gone
 *      └────────────┘ any other error: wait, then watch again from the last version
 *
 * The store serves through every outage. A relist is a difference: what is equal is not told, what is gone is deleted.
 */
import { describeError, type Clock, type Logger } from '@sluice/core';
import { backoffMs, pause, type BackoffLimits, type Random } from './backoff.js';
import { type KubeReader, type ListPage, type ListQuery, type Selection } from './client.js';
import { isExpired, isTooLargeVersion, KubeRefusedError } from './errors.js';
import { objectKey, type KubeObject } from './object.js';
import { ObjectStore, type ChangeListener, type Store } from './object-store.js';
import { resourceName, type Resource } from './resources.js';
import { type WatchEvent } from './watch-stream.js';

export interface ReflectorOptions<T extends KubeObject> extends Selection {
  readonly client: KubeReader;
  readonly resource: Resource<T>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What is kept of each object; `dropManagedFields` by default. It must keep `metadata.name` and `namespace`. */
  readonly trim?: (object: T) => T;
  readonly pageSize?: number;
  /**
   * The first list may be what the server has in its cache, as that of kube-proxy is: it costs the server less than half, and may
   * be as old as the cache of a server that lags. What happened since comes with the watch.
   */
  readonly firstFromCache?: boolean;
  /** A watch on which nothing, not even a bookmark, arrives for so long is begun anew. A server sends a bookmark a minute of what has changed since it started. */
  readonly watchdogMs?: number;
  readonly backoff?: BackoffLimits;
  readonly random?: Random;
}

/** Whether the store follows the server now. */
export type ReflectorState = 'syncing' | 'watching' | 'disconnected' | 'stopped';

export const dropManagedFields = <T extends KubeObject>(object: T): T => {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
};

/** A watch that ends sooner without having brought anything is a failure. */
const shortWatchMs = 1000;

export class Reflector<T extends KubeObject> implements Store<T> {
  /** Resolves once the store holds a complete list; never rejects. */
  readonly synced: Promise<void>;
  private readonly store: ObjectStore<T>;
  private readonly logger: Logger;
  private readonly trim: (object: T) => T;
  private readonly random: Random;
  private readonly backoff: BackoffLimits;
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  private markSynced: () => void = () => undefined;
  private hasSynced = false;
  private current: ReflectorState = 'syncing';
  /** Version up to which the store is complete; undefined: list first. */
  private version: string | undefined;
  private mustList = true;
  private failures = 0;

  constructor(private readonly options: ReflectorOptions<T>) {
    this.logger = options.logger.child({ resource: resourceName(options.resource) });
    this.store = new ObjectStore(this.logger);
    this.trim = options.trim ?? dropManagedFields;
    this.random = options.random ?? Math.random;
    this.backoff = options.backoff ?? { firstMs: 200, mostMs: 15_000 };
    this.synced = new Promise((resolve) => {
      this.markSynced = resolve;
    });
  }

  get isSynced(): boolean {
    return this.hasSynced;
  }

  get state(): ReflectorState {
    return this.current;
  }

  get size(): number {
    return this.store.size;
  }

  get(key: string): T | undefined {
    return this.store.get(key);
  }

  list(): readonly T[] {
    return this.store.list();
  }

  keys(): readonly string[] {
    return this.store.keys();
  }

  onChange(listener: ChangeListener<T>): () => void {
    return this.store.onChange(listener);
  }

  /** Begins; a second call does nothing. */
  start(): void {
    this.running ??= this.run();
  }

  /** Ends the watch; the store keeps what it has. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
    this.current = 'stopped';
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        if (this.mustList) await this.relist();
        await this.watch();
      } catch (error) {
        if (!this.isStopping()) await this.recover(error);
      }
    }
  }

  private isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  private async recover(error: unknown): Promise<void> {
    if (isExpired(error)) {
      // The history is gone, and perhaps the whole store was replaced: ask for the newest, whatever its version is.
      this.mustList = true;
      this.version = undefined;
      // It answers: what was waited for is over. After an outage every watch hears this first.
      this.failures = 0;
      this.logger.debug({ error: describeError(error) }, 'watch history expired, listing again');
    } else if (isTooLargeVersion(error)) {
      this.version = undefined;
      this.mustList = true;
    } else {
      this.disconnected(error);
    }
    this.failures++;
    const asked = error instanceof KubeRefusedError ? error.retryAfterMs : undefined;
    const wait = backoffMs(this.backoff, this.failures, this.random);
    // A server that says when has begun to answer; one that has just started asks every watch so.
    if (asked === undefined) await this.rest(wait, { untilAnswered: true });
    else await this.rest(asked * (1 + this.random()), { untilAnswered: false });
  }

  /** `untilAnswered`: no longer than until the server answers any request of this process again. */
  private async rest(ms: number, { untilAnswered }: { readonly untilAnswered: boolean }): Promise<void> {
    const { client, clock } = this.options;
    const answered = new AbortController();
    const forget = untilAnswered ? client.onAnswered?.(() => answered.abort()) : undefined;
    await pause(clock, ms, AbortSignal.any([answered.signal, this.stopping.signal]));
    forget?.();
  }

  /** Page by page into the store, so that two copies never exist; deletions last. */
  private async relist(): Promise<void> {
    const seen = new Set<string>();
    let page = await this.listPage(this.firstPage());
    const { resourceVersion } = page;
    this.keep(page, seen);
    while (page.continueToken !== undefined) {
      page = await this.listPage({ limit: this.pageSize, continueToken: page.continueToken });
      this.keep(page, seen);
    }
    for (const key of this.store.keys()) if (!seen.has(key)) this.store.delete(key);
    this.version = resourceVersion;
    this.mustList = false;
    this.hasSynced = true;
    this.connected();
    this.markSynced();
  }

  private get pageSize(): number {
    return this.options.pageSize ?? 500;
  }

  /**
   * Without a version the server answers with the newest state, with 0 with any. With another one it may answer from its
   * cache, but never with an older state than we had: a second API server that lags cannot take us back in time.
   */
  private firstPage(): ListQuery {
    if (this.options.firstFromCache === true && !this.hasSynced)
      return { limit: this.pageSize, resourceVersion: '0' };
    if (this.version === undefined) return { limit: this.pageSize };
    return { limit: this.pageSize, resourceVersion: this.version, resourceVersionMatch: 'NotOlderThan' };
  }

  private async listPage(query: ListQuery): Promise<ListPage<T>> {
    const { client, resource } = this.options;
    return client.list(resource, { ...this.selection(), ...query, signal: this.stopping.signal });
  }

  private selection(): Selection {
    const { namespace, labelSelector, fieldSelector } = this.options;
    return {
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    };
  }

  private keep(page: ListPage<T>, seen: Set<string>): void {
    for (const object of page.items) {
      seen.add(objectKey(object));
      this.put(object);
    }
  }

  private put(object: T): void {
    const key = objectKey(object);
    const version = object.metadata.resourceVersion ?? '';
    if (this.store.has(key, version)) return;
    try {
      this.store.set(this.trim(object), version);
    } catch (error) {
      this.logger.error(
        { key, error: describeError(error) },
        'cannot read the object; the last version stays',
      );
    }
  }

  private async watch(): Promise<void> {
    const { client, resource, clock } = this.options;
    const attempt = new AbortController();
    const dog = new Watchdog(clock, this.options.watchdogMs ?? 180_000, () => attempt.abort());
    const started = clock.monotonicMs();
    let heard = 0;
    let cancel = (): void => undefined;
    try {
      const query = {
        ...this.selection(),
        resourceVersion: this.version ?? '',
        // Spread, so that not all watches of all nodes end together.
        timeoutSeconds: Math.round(300 * (1 + this.random())),
        signal: AbortSignal.any([attempt.signal, this.stopping.signal]),
        // The next event may be hours away.
        onOpen: () => {
          cancel = clock.after(shortWatchMs, () => this.connected());
        },
        onBytes: () => dog.feed(),
      };
      for await (const event of client.watch(resource, query)) {
        heard++;
        this.take(event);
      }
    } catch (error) {
      // Of a resource that has not changed since the server started there are no bookmarks: only the next watch tells more.
      if (!attempt.signal.aborted || this.isStopping()) throw error;
      this.logger.debug({ heard }, 'the watch brought nothing for long; watching anew');
    } finally {
      dog.stop();
      cancel();
    }
    if (heard === 0 && clock.monotonicMs() - started < shortWatchMs)
      throw new Error('the watch ended at once');
  }

  private take(event: WatchEvent<T>): void {
    this.connected();
    switch (event.type) {
      case 'ADDED':
      case 'MODIFIED':
        this.put(event.object);
        this.version = event.object.metadata.resourceVersion ?? this.version;
        return;
      case 'DELETED':
        this.store.delete(objectKey(event.object));
        this.version = event.object.metadata.resourceVersion ?? this.version;
        return;
      case 'BOOKMARK':
        if (event.resourceVersion !== '') this.version = event.resourceVersion;
        return;
    }
  }

  private connected(): void {
    this.failures = 0;
    if (this.current === 'watching') return;
    this.logger.info({ objects: this.store.size, after: this.current }, 'following the API server');
    this.current = 'watching';
  }

  private disconnected(error: unknown): void {
    const fields = { error: describeError(error), failures: this.failures + 1 };
    if (this.current === 'disconnected') {
      this.logger.debug(fields, 'the API server still cannot be followed');
      return;
    }
    this.current = 'disconnected';
    this.logger.warn(fields, 'lost the API server; the last known objects stay in use');
  }
}

/** Bites once when it was not fed for `ms`. */
class Watchdog {
  private cancel: () => void;
  private last: number;

  constructor(
    private readonly clock: Clock,
    private readonly ms: number,
    private readonly bite: () => void,
  ) {
    this.last = clock.monotonicMs();
    this.cancel = this.arm(ms);
  }

  feed(): void {
    this.last = this.clock.monotonicMs();
  }

  stop(): void {
    this.cancel();
  }

  private arm(ms: number): () => void {
    return this.clock.after(ms, () => {
      const left = this.last + this.ms - this.clock.monotonicMs();
      if (left <= 0) this.bite();
      else this.cancel = this.arm(left);
    });
  }
}
