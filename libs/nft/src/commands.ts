/** Commands of libnftables-json(5) for tables and elements. */
import { createHash } from 'node:crypto';
import { keyExpression } from './element-key.js';
import { type NftChain, type NftElement, type NftSet, type NftTable } from './table.js';

export type NftCommand = Readonly<Record<string, unknown>>;

const inTable = (table: string, name: string) => ({ family: 'inet', table, name });

/** Marks the chain that carries the digest of the table's definition; no rule goes there. */
export const digestPrefix = 'definition_';

/** Changes with everything but the elements, which come and go without the table being replaced. */
export function digestChain({ name, family, counters, sets, chains }: NftTable): string {
  const definition = { family, name, counters, sets: sets.map((set) => ({ ...set, elements: [] })), chains };
  return digestPrefix + createHash('sha256').update(canonical(definition)).digest('hex');
}

/** JSON with the members of objects in order of their names. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );

const oneOrList = (types: NftSet['type']): unknown => (types.length === 1 ? types[0] : types);

const addSet = (table: string, { name, type, interval, verdictMap }: NftSet): NftCommand => ({
  add: {
    [verdictMap === true ? 'map' : 'set']: {
      ...inTable(table, name),
      type: oneOrList(type),
      ...(verdictMap === true ? { map: 'verdict' } : {}),
      ...(interval === true ? { flags: ['interval'] } : {}),
    },
  },
});

const addChain = (table: string, { name, base }: Pick<NftChain, 'name' | 'base'>): NftCommand => ({
  add: {
    chain: {
      ...inTable(table, name),
      ...(base && { type: base.type, hook: base.hook, prio: base.priority, policy: base.policy }),
      ...(base?.device === undefined ? {} : { dev: base.device }),
      ...(base?.device === undefined ? {} : { dev: base.device }),
    },
  },
});

const addRules = (table: string, { name, rules }: NftChain): NftCommand[] =>
  rules.map((expr) => ({ add: { rule: { family: 'inet', table, chain: name, expr } } }));

/** Elements of one set go in one command. */
export const addElements = (table: string, set: string, elements: readonly NftElement[]): NftCommand[] => {
  const elem = elements.map(({ key, goto }) => {
    const expression = keyExpression(key);
    return goto === undefined ? expression : [expression, { goto: { target: goto } }];
  });
  return elem.length === 0 ? [] : [{ add: { element: { ...inTable(table, set), elem } } }];
};

/** `keys` are expressions, as made by `keyExpression` or listed by nft. */
export const deleteElements = (table: string, set: string, keys: readonly unknown[]): NftCommand[] =>
  keys.length === 0 ? [] : [{ delete: { element: { ...inTable(table, set), elem: keys } } }];

/** The table need not exist: adding what exists is no error, deleting what does not is one. */
export const removeTable = (name: string): NftCommand[] => [
  { add: { table: { family: 'inet', name } } },
  { delete: { table: { family: 'inet', name } } },
];

/** Old table out, new one in; in one transaction, so that no packet sees it missing. */
export const putTable = (table: NftTable): NftCommand[] => {
  const { name, counters, sets, chains } = table;
  return [
    ...removeTable(name),
    { add: { table: { family: 'inet', name } } },
    addChain(name, { name: digestChain(table) }),
    ...chains.map((chain) => addChain(name, chain)),
    ...counters.map((counter) => ({ add: { counter: inTable(name, counter) } })),
    ...sets.map((set) => addSet(name, set)),
    ...sets.flatMap((set) => addElements(name, set.name, set.elements)),
    ...chains.flatMap((chain) => addRules(name, chain)),
  ];
};
