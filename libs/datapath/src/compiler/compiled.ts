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
import { hostSectionNames, type SectionName, sectionNames, type UnitBase, type UnitState } from './unit.js';

export type Sections = Readonly<Record<SectionName, Section>>;

export interface CompiledDesired extends Desired {
  readonly sections: Sections;
  /** Forgets the lists until somebody asks again. */
  readonly release: () => void;
}

/** One after the other: whoever is done with one before the next is there needs no memory for all of them. */
export function* unitStates(sections: Sections, names: readonly SectionName[]): Generator<UnitState> {
  for (const name of names) for (const { state } of sections[name].values()) yield state;
}

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

/** Computes when first asked, and again after `forget`. */
class Lazy<T> {
  private made: { readonly value: T } | undefined;

  constructor(private readonly make: () => T) {}

  get value(): T {
    return (this.made ??= { value: this.make() }).value;
  }

  forget(): void {
    this.made = undefined;
  }
}

function bridgeOf(sections: Sections): DesiredBridge {
  const own = base(sections).bridge;
  const ports = unitStates(sections, hostSectionNames).flatMap((state) => state.ports);
  return { ...own, ports: [...own.ports, ...ports] };
}

function hostOf(sections: Sections): DesiredHost {
  const own = base(sections).host;
  const units = [...unitStates(sections, hostSectionNames)];
  return {
    ...own,
    neighbours: [...own.neighbours, ...units.flatMap(({ neighbours }) => neighbours)],
    routes: [...own.routes, ...units.flatMap(({ routes }) => routes)],
    rules: [...own.rules, ...units.flatMap(({ rules }) => rules)],
    nft: fillTables(
      own.nft,
      units.flatMap(({ elements }) => elements),
    ),
  };
}

export function assemble(sections: Sections): CompiledDesired {
  const bridge = new Lazy(() => bridgeOf(sections));
  const host = new Lazy(() => hostOf(sections));
  return {
    sections,
    meters: [],
    get flows(): readonly Flow[] {
      return [...unitStates(sections, sectionNames).flatMap((state) => state.flows)];
    },
    get groups(): readonly Group[] {
      return [...unitStates(sections, sectionNames).flatMap((state) => state.groups)];
    },
    get bridge() {
      return bridge.value;
    },
    get host() {
      return host.value;
    },
    release: () => [bridge, host].forEach((list) => list.forget()),
  };
}
