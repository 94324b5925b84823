/** From the installed elements to the wanted ones. */
import { type NftCommand, addElements, deleteElements } from './commands.js';
import { elementKey } from './element-key.js';
import { type InstalledSet, type InstalledTable } from './installed.js';
import { type NftElement, type NftSet, type NftTable } from './table.js';

export interface ElementDifference {
  readonly commands: readonly NftCommand[];
  readonly added: number;
  readonly removed: number;
}

const nothing: ElementDifference = { commands: [], added: 0, removed: 0 };

const sum = (parts: readonly ElementDifference[]): ElementDifference =>
  parts.reduce(
    (all, { commands, added, removed }) => ({
      commands: [...all.commands, ...commands],
      added: all.added + added,
      removed: all.removed + removed,
    }),
    nothing,
  );

/** An element whose verdict changes is deleted and added. */
function difference(
  table: string,
  set: string,
  sides: { readonly add: readonly NftElement[]; readonly remove: readonly unknown[] },
): ElementDifference {
  return {
    commands: [...deleteElements(table, set, sides.remove), ...addElements(table, set, sides.add)],
    added: sides.add.length,
    removed: sides.remove.length,
  };
}

function setDifference(table: string, set: NftSet, installed: InstalledSet): ElementDifference {
  const wanted = new Map(set.elements.map((element) => [elementKey(element.key, set.type), element]));
  const add = [...wanted].filter(([key, { goto }]) => {
    const there = installed.elements.get(key);
    return there?.goto !== goto || there === undefined;
  });
  const remove = [...installed.elements].filter(([key, { goto }]) => {
    const element = wanted.get(key);
    return element?.goto !== goto || element === undefined;
  });
  return difference(table, set.name, {
    add: add.map(([, element]) => element),
    remove: remove.map(([, { key }]) => key),
  });
}

/** The table's outline is the wanted one, so its sets are there. */
export const tableDifference = (table: NftTable, installed: InstalledTable): ElementDifference =>
  sum(
    table.sets.map((set) => {
      const there = installed.sets.get(set.name);
      return there ? setDifference(table.name, set, there) : nothing;
    }),
  );

/** What is left of a change of one set's elements when what is there already is taken into account. */
export function remainingChange(
  table: string,
  set: { readonly name: string; readonly installed: InstalledSet },
  change: { readonly add: readonly NftElement[]; readonly remove: readonly NftElement[] },
): ElementDifference {
  const { type, elements } = set.installed;
  const final = new Map<string, NftElement | undefined>();
  for (const { key } of change.remove) final.set(elementKey(key, type), undefined);
  for (const element of change.add) final.set(elementKey(element.key, type), element);
  const differing = [...final].filter(([key, element]) => {
    const there = elements.get(key);
    return element === undefined ? there !== undefined : there?.goto !== element.goto || there === undefined;
  });
  return difference(table, set.name, {
    add: differing.flatMap(([, element]) => element ?? []),
    remove: differing.flatMap(([key]) => elements.get(key)?.key ?? []),
  });
}
