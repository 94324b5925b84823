/**
 * An OVSDB client with a cache: watches tables by `monitor_cond` (ovsdb-server(7)), connects again when the server comes
 * back and then reads everything anew.
 */
import { Reconnect } from '../client/reconnect.js';
import { OvsError } from '../errors.js';
import { OvsdbConnection } from './connection.js';
import { applyDifference, columnType, type ColumnType, decodeValue, type Row } from './value.js';

/** Table → columns to watch. */
export type Watched = Readonly<Record<string, readonly string[]>>;

export interface OvsdbClientOptions {
  /** `<rundir>/db.sock`. */
  readonly socketPath: string;
  readonly database: string;
  readonly watched: Watched;
  /** The cache is complete, or the connection ended for this reason. */
  readonly onState?: (state: 'up' | OvsError) => void;
  /** After every change of the cache. */
  readonly onChange?: () => void;
}

/** One operation of RFC 7047 section 5.2. */
export type Operation = Readonly<Record<string, unknown>>;

type Types = ReadonlyMap<string, ReadonlyMap<string, ColumnType>>;
type Tables = Map<string, Map<string, Row>>;
type RowUpdate = Readonly<
  Partial<Record<'initial' | 'insert' | 'modify' | 'delete', Readonly<Record<string, unknown>> | null>>
>;
type TableUpdates = Readonly<Record<string, Readonly<Record<string, RowUpdate>>>>;

interface Session {
  readonly connection: OvsdbConnection;
  readonly closed: Promise<OvsError>;
  close(): void;
}

const monitorId = 'cache';

export class OvsdbClient {
  readonly #options: OvsdbClientOptions;
  readonly #reconnect: Reconnect<Session>;
  readonly #waiting = new Set<() => void>();
  #types: Types = new Map();
  #tables: Tables = new Map();

  constructor(options: OvsdbClientOptions) {
    this.#options = options;
    this.#reconnect = new Reconnect({
      open: () => this.#open(),
      ...(options.onState === undefined ? {} : { onState: options.onState }),
    });
  }

  start(): void {
    this.#reconnect.start();
  }

  async stop(): Promise<void> {
    await this.#reconnect.stop();
  }

  get isUp(): boolean {
    return this.#reconnect.current !== undefined;
  }

  /** Rows of a watched table, by uuid. */
  rows(table: string): ReadonlyMap<string, Row> {
    return this.#tables.get(table) ?? new Map<string, Row>();
  }

  /**
   * All operations or none. Gives their results.
   * Throws OVS_DATABASE_REFUSED with the operation that failed, OVS_UNAVAILABLE or OVS_TIMEOUT.
   */
  async transact(operations: readonly Operation[]): Promise<readonly unknown[]> {
    const { connection } = this.#reconnect.require();
    const results = await connection.request('transact', [this.#options.database, ...operations]);
    if (!Array.isArray(results)) throw malformed(results);
    const failed = results.findIndex((result) => isRefusal(result));
    if (failed < 0) return results as readonly unknown[];
    const words = JSON.stringify(results[failed]);
    const operation = JSON.stringify(operations[failed] ?? 'commit');
    throw new OvsError('OVS_DATABASE_REFUSED', { message: `${operation}: ${words}` });
  }

  /** Resolves when the cache fulfils a condition. Throws OVS_TIMEOUT, naming `what`. */
  async waitFor(what: string, condition: () => boolean, withinMs = 10_000): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve, reject) => {
      const check = (): void => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        reject(
          new OvsError('OVS_TIMEOUT', {
            message: `not within ${String(withinMs)} ms: ${what}`,
            retryable: true,
          }),
        );
      }, withinMs);
      this.#waiting.add(check);
    });
  }

  async #open(): Promise<Session> {
    const { socketPath, database, watched } = this.#options;
    const connection = await OvsdbConnection.open(socketPath, (method, params) =>
      this.#notified(method, params),
    );
    try {
      this.#types = typesOf(await connection.request('get_schema', [database]));
      this.#tables = new Map();
      const asked = Object.fromEntries(
        Object.entries(watched).map(([table, columns]) => [table, [{ columns }]]),
      );
      // At once: what changed since may be in the same read, and would be overwritten by what was before.
      await connection.request('monitor_cond', [database, monitorId, asked], (rows) => this.#update(rows));
    } catch (error) {
      connection.close();
      throw error;
    }
    return { connection, closed: connection.closed, close: () => connection.close() };
  }

  #notified(method: string, params: unknown): void {
    if (method === 'update2' && Array.isArray(params) && params[0] === monitorId) this.#update(params[1]);
  }

  #update(updates: unknown): void {
    for (const [table, rows] of Object.entries(updates as TableUpdates)) {
      const cache = this.#tables.get(table) ?? new Map<string, Row>();
      this.#tables.set(table, cache);
      for (const [id, update] of Object.entries(rows)) this.#updateRow(table, cache, id, update);
    }
    this.#options.onChange?.();
    for (const check of [...this.#waiting]) check();
  }

  #updateRow(table: string, cache: Map<string, Row>, id: string, update: RowUpdate): void {
    if ('delete' in update) {
      cache.delete(id);
      return;
    }
    const whole = update.initial ?? update.insert;
    const types = this.#types.get(table);
    const before = cache.get(id) ?? {};
    const entries = Object.entries(whole ?? update.modify ?? {}).map(([column, raw]) => {
      const type = types?.get(column) ?? { kind: 'scalar', uuid: false };
      const value = decodeValue(raw, type);
      return [column, whole ? value : applyDifference(before[column], value, type)] as const;
    });
    // A row that comes as a whole leaves out columns that have their default.
    const base = whole ? defaults(types) : before;
    cache.set(id, { ...base, ...Object.fromEntries(entries) });
  }
}

const defaults = (types: ReadonlyMap<string, ColumnType> | undefined): Row =>
  Object.fromEntries(
    [...(types ?? [])].flatMap(([column, { kind }]) => {
      if (kind === 'map') return [[column, {}]];
      return kind === 'scalar' ? [] : [[column, []]];
    }),
  );

const isRefusal = (result: unknown): boolean =>
  typeof result === 'object' && result !== null && 'error' in result && result.error !== undefined;

const malformed = (raw: unknown): OvsError =>
  new OvsError('OVS_DATABASE_PROTOCOL', { message: `not an answer: ${JSON.stringify(raw).slice(0, 200)}` });

interface RawSchema {
  readonly tables: Readonly<
    Record<string, { readonly columns: Readonly<Record<string, { readonly type: unknown }>> }>
  >;
}

const typesOf = (schema: unknown): Types =>
  new Map(
    Object.entries((schema as RawSchema).tables).map(([table, { columns }]) => [
      table,
      new Map(Object.entries(columns).map(([column, { type }]) => [column, columnType(type)])),
    ]),
  );
