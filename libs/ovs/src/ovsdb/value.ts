/** Column values: RFC 7047 section 5.1 notation to plain data and back, by the type that the schema gives a column. */
import { OvsError } from '../errors.js';

export type Atom = string | number | boolean;
/** A uuid is its text; a set is a list; an optional value is a list of one or none; a map is an object. */
export type Value = Atom | readonly Atom[] | Readonly<Record<string, Atom>>;
export type Row = Readonly<Record<string, Value>>;

/** What matters of a column's type. */
export interface ColumnType {
  readonly kind: 'scalar' | 'optional' | 'set' | 'map';
  readonly uuid: boolean;
}

interface RawType {
  readonly key: unknown;
  readonly value?: unknown;
  readonly min?: number;
  readonly max?: number | 'unlimited';
}

const isUuid = (key: unknown): boolean =>
  key === 'uuid' || (typeof key === 'object' && key !== null && 'type' in key && key.type === 'uuid');

/** A `<type>` of RFC 7047 section 3.2. */
export function columnType(raw: unknown): ColumnType {
  if (typeof raw === 'string') return { kind: 'scalar', uuid: raw === 'uuid' };
  const { key, value, min = 1, max = 1 } = raw as RawType;
  const uuid = isUuid(key);
  if (value !== undefined) return { kind: 'map', uuid };
  if (max !== 1) return { kind: 'set', uuid };
  return { kind: min === 0 ? 'optional' : 'scalar', uuid };
}

const malformed = (raw: unknown): OvsError =>
  new OvsError('OVS_DATABASE_PROTOCOL', { message: `not a column value: ${JSON.stringify(raw)}` });

function atom(raw: unknown): Atom {
  if (typeof raw === 'string' || typeof raw === 'number' || typeof raw === 'boolean') return raw;
  if (Array.isArray(raw) && (raw[0] === 'uuid' || raw[0] === 'named-uuid') && typeof raw[1] === 'string')
    return raw[1];
  throw malformed(raw);
}

const items = (raw: unknown): readonly unknown[] => {
  if (!Array.isArray(raw)) throw malformed(raw);
  return raw;
};

/** `["set", […]]`, or an atom that stands for a set of one. */
const setItems = (raw: unknown): Atom[] =>
  Array.isArray(raw) && raw[0] === 'set' ? items(raw[1]).map(atom) : [atom(raw)];

export function decodeValue(raw: unknown, { kind }: ColumnType): Value {
  switch (kind) {
    case 'scalar':
      return atom(raw);
    case 'optional':
    case 'set':
      return setItems(raw);
    case 'map': {
      if (!Array.isArray(raw) || raw[0] !== 'map') throw malformed(raw);
      return Object.fromEntries(
        items(raw[1]).map((pair) => {
          const [key, value] = items(pair);
          return [String(atom(key)), atom(value)];
        }),
      );
    }
  }
}

/** ovsdb-server(7), "update2": a set's difference toggles, a map's replaces, adds, or removes what is equal. */
export function applyDifference(before: Value | undefined, difference: Value, { kind }: ColumnType): Value {
  if (kind === 'set') {
    const had = new Set(before as readonly Atom[] | undefined);
    const toggled = difference as readonly Atom[];
    for (const item of toggled) if (!had.delete(item)) had.add(item);
    return [...had];
  }
  if (kind === 'map') {
    const after = new Map(Object.entries((before ?? {}) as Readonly<Record<string, Atom>>));
    for (const [key, value] of Object.entries(difference as Readonly<Record<string, Atom>>)) {
      if (after.get(key) === value) after.delete(key);
      else after.set(key, value);
    }
    return Object.fromEntries(after);
  }
  return difference;
}

/** A reference to a row, in a transaction: of this database, or inserted by the transaction under a name. */
export const uuid = (id: string): unknown => ['uuid', id];
export const namedUuid = (name: string): unknown => ['named-uuid', name];
export const setOf = (values: readonly unknown[]): unknown => ['set', values];
export const mapOf = (values: Readonly<Record<string, Atom>>): unknown => ['map', Object.entries(values)];
