/** Objects of one resource by key, with the resource version that makes two of them comparable. */
import { describeError, type Logger } from '@sluice/core';
import { objectKey, type KubeObject } from './object.js';

/** `before` is undefined for a new object, `after` for a deleted one. */
export type ChangeListener<T> = (key: string, before: T | undefined, after: T | undefined) => void;

/** What readers of a cache see. Keys are "namespace/name", or "name" if cluster-scoped. */
export interface Store<T> {
  readonly size: number;
  get(key: string): T | undefined;
  /** The identical list as long as nothing changes. */
  list(): readonly T[];
  keys(): readonly string[];
  /** Calls for every change from now on; the result unsubscribes. A listener that throws is logged and harms no other. */
  onChange(listener: ChangeListener<T>): () => void;
}

interface Entry<T> {
  readonly resourceVersion: string;
  readonly object: T;
}

/** The one writer is a reflector, or a test. */
export class ObjectStore<T extends KubeObject> implements Store<T> {
  private readonly entries = new Map<string, Entry<T>>();
  private readonly listeners = new Set<ChangeListener<T>>();
  private listed: readonly T[] | undefined;

  constructor(private readonly logger: Logger) {}

  get size(): number {
    return this.entries.size;
  }

  get(key: string): T | undefined {
    return this.entries.get(key)?.object;
  }

  list(): readonly T[] {
    this.listed ??= Array.from(this.entries.values(), ({ object }) => object);
    return this.listed;
  }

  keys(): readonly string[] {
    return [...this.entries.keys()];
  }

  onChange(listener: ChangeListener<T>): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  /** True if the store has exactly this version of the object already. */
  has(key: string, resourceVersion: string): boolean {
    return resourceVersion !== '' && this.entries.get(key)?.resourceVersion === resourceVersion;
  }

  set(object: T, resourceVersion = object.metadata.resourceVersion ?? ''): void {
    const key = objectKey(object);
    if (this.has(key, resourceVersion)) return;
    const before = this.entries.get(key)?.object;
    this.entries.set(key, { resourceVersion, object });
    this.listed = undefined;
    this.tell(key, before, object);
  }

  delete(key: string): void {
    const before = this.entries.get(key)?.object;
    if (!this.entries.delete(key)) return;
    this.listed = undefined;
    this.tell(key, before, undefined);
  }

  private tell(key: string, before: T | undefined, after: T | undefined): void {
    for (const listener of [...this.listeners]) {
      try {
        listener(key, before, after);
      } catch (error) {
        this.logger.error({ key, error: describeError(error) }, 'a listener of the cache failed');
      }
    }
  }
}
