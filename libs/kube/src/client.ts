/** The API client of all processes: typed reads and writes of any resource. */
import { type ClusterConfig } from './cluster-config.js';
import { isNotFound, notKubernetes } from './errors.js';
import { type KubeObject } from './object.js';
import { apiVersionOf, resourcePath, type ObjectRef, type Resource } from './resources.js';
import { Transport, type KubeRequest, type TransportOptions } from './transport.js';
import { readWatch, type WatchEvent } from './watch-stream.js';

export interface Selection {
  /** All namespaces if absent. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ListQuery extends Selection {
  /** Objects per page; without it all at once. */
  readonly limit?: number;
  readonly continueToken?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'NotOlderThan' | 'Exact';
  readonly signal?: AbortSignal;
}

export interface ListPage<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  /** Given to the next `list` for the next page; absent on the last. */
  readonly continueToken?: string;
}

export interface WatchQuery extends Selection {
  readonly resourceVersion: string;
  /** The server ends the watch after that. */
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
  /** Called when the server has begun to answer: nothing need have happened. */
  readonly onOpen?: () => void;
  /** Called for every chunk that arrives. */
  readonly onBytes?: () => void;
}

export interface WriteOptions {
  readonly fieldManager?: string;
  readonly subresource?: 'status';
  readonly dryRun?: boolean;
}

export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  /** Takes fields over from other managers. */
  readonly force?: boolean;
}

export interface DeleteOptions {
  /** Deletes only this very object: 409 otherwise. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
}

/** What one writes: `T` with any part missing but the name. */
export type Applied<T extends KubeObject> = Partial<Omit<T, 'metadata'>> & {
  readonly metadata: Partial<T['metadata']> & ObjectRef;
};

/** The reading half, all that a reflector needs. */
export interface KubeReader {
  list<T extends KubeObject>(resource: Resource<T>, query?: ListQuery): Promise<ListPage<T>>;
  watch<T extends KubeObject>(resource: Resource<T>, query: WatchQuery): AsyncIterable<WatchEvent<T>>;
  /** Called when the server answers again after it had not; returns how to end that. */
  onAnswered?(listener: () => void): () => void;
}

/**
 * All methods throw KubeRefusedError (the server said no), TransportError (no answer) or ProtocolError.
 * `apiVersion` and `kind` are filled in on writes.
 */
export class KubeClient implements KubeReader {
  private readonly transport: Transport;

  constructor(config: ClusterConfig, options: TransportOptions = {}) {
    this.transport = new Transport(config, options);
  }

  async get<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef): Promise<T> {
    return this.object<T>({ method: 'GET', path: resourcePath(resource, ref) });
  }

  /** As `get`, but undefined if there is no such object. */
  async find<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef): Promise<T | undefined> {
    return this.get(resource, ref).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
  }

  /** One page. */
  async list<T extends KubeObject>(resource: Resource<T>, query: ListQuery = {}): Promise<ListPage<T>> {
    const path = resourcePath(resource, namespaceOf(query));
    const { limit, resourceVersion, resourceVersionMatch, labelSelector, fieldSelector } = query;
    const call: KubeRequest = {
      method: 'GET',
      path,
      query: {
        limit,
        continue: query.continueToken,
        resourceVersion,
        resourceVersionMatch,
        labelSelector,
        fieldSelector,
      },
      ...(query.signal === undefined ? {} : { signal: query.signal }),
    };
    return listPage<T>(await this.transport.json(call), path);
  }

  /** All pages. */
  async listAll<T extends KubeObject>(
    resource: Resource<T>,
    selection: Selection = {},
  ): Promise<readonly T[]> {
    const items: T[] = [];
    let page = await this.list(resource, { ...selection, limit: 500 });
    items.push(...page.items);
    while (page.continueToken !== undefined) {
      page = await this.list(resource, { ...selection, limit: 500, continueToken: page.continueToken });
      items.push(...page.items);
    }
    return items;
  }

  /** Events from `resourceVersion` on, until the server or `signal` ends it. ERROR events are thrown. */
  async *watch<T extends KubeObject>(
    resource: Resource<T>,
    query: WatchQuery,
  ): AsyncGenerator<WatchEvent<T>> {
    const { resourceVersion, timeoutSeconds, labelSelector, fieldSelector, signal } = query;
    const path = resourcePath(resource, namespaceOf(query));
    const body = await this.transport.stream({
      method: 'GET',
      path,
      query: {
        watch: true,
        allowWatchBookmarks: true,
        resourceVersion,
        timeoutSeconds,
        labelSelector,
        fieldSelector,
      },
      signal,
    });
    query.onOpen?.();
    yield* readWatch<T>(body, `WATCH ${path}`, query.onBytes);
  }

  /** `metadata.generateName` is not used: name the object. */
  async create<T extends KubeObject>(
    resource: Resource<T>,
    object: Applied<T>,
    options: WriteOptions = {},
  ): Promise<T> {
    const { namespace } = object.metadata;
    return this.object<T>({
      method: 'POST',
      path: resourcePath(resource, namespace === undefined ? {} : { namespace }),
      query: writeQuery(options),
      body: manifest(resource, object),
    });
  }

  /** PUT: with `metadata.resourceVersion` it fails with a conflict if somebody wrote meanwhile. */
  async replace<T extends KubeObject>(
    resource: Resource<T>,
    object: Applied<T>,
    options: WriteOptions = {},
  ): Promise<T> {
    return this.object<T>({
      method: 'PUT',
      path: resourcePath(resource, object.metadata, options.subresource),
      query: writeQuery(options),
      body: manifest(resource, object),
    });
  }

  /** Server-side apply: the object holds exactly the fields that `fieldManager` wants. Creates it if needed. */
  async apply<T extends KubeObject>(
    resource: Resource<T>,
    object: Applied<T>,
    options: ApplyOptions,
  ): Promise<T> {
    return this.object<T>({
      method: 'PATCH',
      path: resourcePath(resource, object.metadata, options.subresource),
      query: { ...writeQuery(options), force: options.force },
      // JSON is YAML.
      contentType: 'application/apply-patch+yaml',
      body: manifest(resource, object),
    });
  }

  /** JSON merge patch (RFC 7396): null removes a field, lists are replaced. */
  async patch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: object,
    options: WriteOptions = {},
  ): Promise<T> {
    return this.object<T>({
      method: 'PATCH',
      path: resourcePath(resource, ref, options.subresource),
      query: writeQuery(options),
      contentType: 'application/merge-patch+json',
      body: patch,
    });
  }

  /** Returns when the deletion is accepted; finalizers may keep the object for a while. */
  async delete(resource: Resource<KubeObject>, ref: ObjectRef, options: DeleteOptions = {}): Promise<void> {
    const { uid, resourceVersion, gracePeriodSeconds, propagationPolicy } = options;
    await this.transport.json({
      method: 'DELETE',
      path: resourcePath(resource, ref),
      body: {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        gracePeriodSeconds,
        propagationPolicy,
        ...(uid === undefined && resourceVersion === undefined
          ? {}
          : { preconditions: { uid, resourceVersion } }),
      },
    });
  }

  /** The body of any path, such as /readyz or /version. */
  async text(path: string): Promise<string> {
    return this.transport.text({ method: 'GET', path });
  }

  onAnswered(listener: () => void): () => void {
    return this.transport.onAnswered(listener);
  }

  /** Breaks every connection, also those of watches. */
  async close(): Promise<void> {
    await this.transport.close();
  }

  private async object<T extends KubeObject>(call: KubeRequest): Promise<T> {
    const body = await this.transport.json(call);
    if (!isObject(body)) throw notKubernetes(`${call.method} ${call.path}`);
    return body as T;
  }
}

function manifest<T extends KubeObject>(resource: Resource<T>, object: Applied<T>): object {
  return { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind };
}

const writeQuery = ({ fieldManager, dryRun }: WriteOptions): NonNullable<KubeRequest['query']> => ({
  fieldManager,
  dryRun: dryRun === true ? 'All' : undefined,
  // Unknown fields are our mistake and must not vanish in silence.
  fieldValidation: 'Strict',
});

const namespaceOf = ({ namespace }: Selection): Partial<ObjectRef> =>
  namespace === undefined ? {} : { namespace };

function listPage<T extends KubeObject>(body: unknown, path: string): ListPage<T> {
  if (!isList(body)) throw notKubernetes(`GET ${path}`);
  const { metadata } = body;
  return {
    // Some servers write an empty list as null.
    items: (body.items ?? []) as readonly T[],
    resourceVersion: metadata.resourceVersion ?? '',
    ...(metadata.continue === undefined || metadata.continue === ''
      ? {}
      : { continueToken: metadata.continue }),
  };
}

interface RawList {
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly unknown[] | null;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isObject = (value: unknown): boolean => isRecord(value) && isRecord(value.metadata ?? {});

const isList = (value: unknown): value is RawList =>
  isRecord(value) && isRecord(value.metadata) && (value.items === null || Array.isArray(value.items));
