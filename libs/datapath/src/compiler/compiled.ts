/**
 * The result of compilation: `Desired` whose lists are put together when somebody asks for them. A change of one Pod
 * among thousands is diffed by its unit and never needs the lists.
 */
import { type NftElement, type NftSet, type NftTable } from '@sluice/nft';
import { type Flow, type Group } from '@sluice/ovs';
import { InternalError } from '@sluice/core';
import { type Desired, type DesiredBridge, type DesiredHost } from '../desired.js';
import { type SetElement } from '../host/agent-nft.js';
import { type Section } from './section.js';
import { type SectionName, type UnitBase, type UnitState, sectionNames } from './unit.js';

export type Sections = Readonly<Record<SectionName, Section>>;

export interface CompiledDesired extends Desired {
  readonly sections: Sections;
}

const states = (sections: Sections): UnitState[] =>
  sectionNames.flatMap((name) => [...sections[name].values()].map(({ state }) => state));

function base(sections: Sections): UnitBase {
  const found = sections.node.get('node')?.state.base;
  if (found === undefined) {
    throw new InternalError('SLUICE_INTERNAL', { message: 'the compiled state has no node unit' });
  }
  return found;
}

function fillSet(table: string, set: NftSet, elements: ReadonlyMap<string, NftElement[]>): NftSet {
  const own = elements.get(`${table}/${set.name}`);
  return own === undefined ? set : { ...set, elements: own };
}

function fillTables(tables: readonly NftTable[], all: readonly SetElement[]): NftTable[] {
  const bySet = new Map<string, NftElement[]>();
  for (const { table, set, element } of all) {
    const key = `${table}/${set}`;
    const list = bySet.get(key);
    if (list === undefined) bySet.set(key, [element]);
    else list.push(element);
  }
  return tables.map((table) => ({
    ...table,
    sets: table.sets.map((set) => fillSet(table.name, set, bySet)),
  }));
}

/** Computes once, when first asked. */
const once = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
};

export function assemble(sections: Sections): CompiledDesired {
  const units = once(() => states(sections));
  const flows = once((): Flow[] => units().flatMap((state) => state.flows));
  const groups = once((): Group[] => units().flatMap((state) => state.groups));
  const bridge = once((): DesiredBridge => {
    const own = base(sections).bridge;
    return { ...own, ports: [...own.ports, ...units().flatMap(({ ports }) => ports)] };
  });
  const host = once((): DesiredHost => {
    const own = base(sections).host;
    return {
      ...own,
      neighbours: [...own.neighbours, ...units().flatMap(({ neighbours }) => neighbours)],
      routes: [...own.routes, ...units().flatMap(({ routes }) => routes)],
      rules: [...own.rules, ...units().flatMap(({ rules }) => rules)],
      nft: fillTables(
        own.nft,
        units().flatMap(({ elements }) => elements),
      ),
    };
  });
  return {
    sections,
    meters: [],
    get flows() {
      return flows();
    },
    get groups() {
      return groups();
    },
    get bridge() {
      return bridge();
    },
    get host() {
      return host();
    },
  };
}
