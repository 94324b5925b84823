/** A table as `nft -j list table` shows it, reduced to what tells whether it is the wanted one. */
import { ProtocolError } from '@sluice/core';
import { digestChain } from './commands.js';
import { listedKey } from './element-key.js';
import { type JsonObject, asArray, asObject, asText, isObject } from './json.js';
import { type NftChain, type NftSet, type NftTable } from './table.js';

export interface InstalledElement {
  /** As listed: good for deleting it. */
  readonly key: unknown;
  readonly goto?: string;
}

export interface InstalledSet {
  readonly type: NftSet['type'];
  /** By `elementKey`. */
  readonly elements: ReadonlyMap<string, InstalledElement>;
}

export interface InstalledTable {
  /** Equal to `outlineOf` the table that was put, unless someone changed it. */
  readonly outline: string;
  readonly sets: ReadonlyMap<string, InstalledSet>;
}

/** The objects of nft's answer, as kind and body. */
export function listedObjects(text: string): { kind: string; body: JsonObject }[] {
  let answer: unknown;
  try {
    answer = text.trim() === '' ? {} : JSON.parse(text);
  } catch (cause) {
    const message = `nft answered with something that is not JSON: ${text.slice(0, 200)}`;
    throw new ProtocolError('SLUICE_TOOL_FAILED', { message, cause });
  }
  return asArray(asObject(answer).nftables).flatMap((object) =>
    Object.entries(asObject(object)).flatMap(([kind, body]) => (isObject(body) ? [{ kind, body }] : [])),
  );
}

type Base = NonNullable<NftChain['base']>;

const chainOutline = (name: string, base: Base | undefined, rules: number): string =>
  `chain ${name} ${base ? `${base.type} ${base.hook} ${String(base.priority)} ${base.policy}` : '-'} ${String(rules)}`;

const join = (lines: readonly string[]): string => lines.toSorted().join('\n');

/**
 * nft 1.0.6 does not list the device of an ingress chain; the digest knows it.
 * The digest says that the table was made from this definition; names, hooks and numbers of rules say that nobody
 * flushed or added something since.
 */
export const outlineOf = (table: NftTable): string =>
  join([
    chainOutline(digestChain(table), undefined, 0),
    ...table.chains.map(({ name, base, rules }) => chainOutline(name, base, rules.length)),
    ...table.sets.map(({ name }) => `set ${name}`),
    ...table.counters.map((name) => `counter ${name}`),
  ]);

const baseOf = ({ type, hook, prio, policy }: JsonObject): Base | undefined =>
  hook === undefined
    ? undefined
    : ({ type: asText(type), hook: asText(hook), priority: Number(prio), policy: asText(policy) } as Base);

function setOf(body: JsonObject): InstalledSet {
  const type = (Array.isArray(body.type) ? body.type : [body.type]).map(asText) as NftSet['type'][number][];
  const isMap = body.map !== undefined;
  const elements = asArray(body.elem).map((listed): [string, InstalledElement] => {
    const [key, verdict] = isMap ? asArray(listed) : [listed];
    const target = asObject(asObject(verdict).goto).target;
    return [listedKey(key, type), { key, ...(target === undefined ? {} : { goto: asText(target) }) }];
  });
  return { type, elements: new Map(elements) };
}

/** Throws ProtocolError SLUICE_TOOL_FAILED when the text is not nft's JSON. */
export function parseTable(text: string): InstalledTable {
  const objects = listedObjects(text);
  const rules = objects.filter(({ kind }) => kind === 'rule').map(({ body }) => body.chain);
  const lines = objects.flatMap(({ kind, body }) => {
    const name = asText(body.name);
    if (kind === 'chain')
      return chainOutline(name, baseOf(body), rules.filter((chain) => chain === name).length);
    if (kind === 'set' || kind === 'map') return `set ${name}`;
    return kind === 'rule' || kind === 'metainfo' || kind === 'table' ? [] : `${kind} ${name}`;
  });
  const sets = objects.flatMap(({ kind, body }): [string, InstalledSet][] =>
    kind === 'set' || kind === 'map' ? [[asText(body.name), setOf(body)]] : [],
  );
  return { outline: join(lines), sets: new Map(sets) };
}
