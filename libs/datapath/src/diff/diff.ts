/** The two differences: against what Open vSwitch has (at start-up), and between two results of one compiler. */
import {
  type Flow,
  type FlowDump,
  type Group,
  type GroupDump,
  type Meter,
  flowBody,
  flowKey,
  groupBody,
  groupKey,
} from '@sluice/ovs';
import { type CompiledDesired, unitStates } from '../compiler/compiled.js';
import { type Unit, type UnitBase, type UnitState, sectionNames } from '../compiler/unit.js';
import { sameData } from '../compiler/equal.js';
import { type DesiredHost } from '../desired.js';
import { isCompiled } from '../layout/cookies.js';
import { groupKind } from '../layout/ids.js';
import { type Change, type HostChange, type ListChange, type OpenFlowChange } from './change.js';
import { type Keys, keyedChange, replaced } from './keyed.js';

/** What a bridge has, as read back. */
export interface Installed {
  readonly flows: FlowDump;
  readonly groups: GroupDump;
  readonly meters: readonly Meter[];
}

/** The body includes the cookie: an object that owns the same flow under another id must be findable. */
const flowKeys: Keys<Flow> = {
  key: (flow) => flowKey(flow),
  body: (flow) => `${flow.cookie.toString(16)} ${flowBody(flow)}`,
};
const groupKeys: Keys<Group> = {
  key: (group) => groupKey(group),
  body: (group) => groupBody(group),
};
const meterKeys: Keys<Meter> = { key: ({ id }) => String(id), body: (meter) => JSON.stringify(meter) };

const flowChange = (before: Iterable<Flow>, after: Iterable<Flow>): OpenFlowChange['flows'] => {
  const { add, modify, remove } = keyedChange(before, after, flowKeys);
  return { add: [...add, ...modify], remove };
};

const groupChange = (before: Iterable<Group>, after: Iterable<Group>): OpenFlowChange['groups'] =>
  keyedChange(before, after, groupKeys);

/** Learned neighbours and gate entries have owners of their own. */
const isOurs = ({ cookie }: Pick<Flow, 'cookie'>): boolean => isCompiled(cookie);
const isOurGroup = ({ id }: Pick<Group, 'id'>): boolean => groupKind(id) !== undefined;

/** Nothing that was compiled is there: what comes can come in parts. */
export const isBare = ({ flows, groups, meters }: Installed): boolean =>
  flows.filter(isOurs).size + groups.filter(isOurGroup).size + meters.length === 0;

/** Flows of a part, about: so many exist at one time, of a quarter of a million. */
const partFlows = 5000;

const adding = (states: readonly UnitState[], meters: readonly Meter[] = []): OpenFlowChange => ({
  groups: { add: of(states, 'groups'), modify: [], remove: [] },
  flows: { add: of(states, 'flows'), remove: [] },
  meters: { add: meters, modify: [], remove: [] },
});

/**
 * All of it, for a bridge that is bare, one change after the other: first what everything else relies on, then Services,
 * which rely on that and on nothing of each other.
 */
export function* fromBare({ sections, meters }: CompiledDesired): Generator<OpenFlowChange> {
  const others = sectionNames.filter((name) => name !== 'service');
  yield adding([...unitStates(sections, others)], meters);
  let states: UnitState[] = [];
  let flows = 0;
  for (const state of unitStates(sections, ['service'])) {
    states.push(state);
    flows += state.flows.length;
    if (flows < partFlows) continue;
    yield adding(states);
    [states, flows] = [[], 0];
  }
  if (states.length > 0) yield adding(states);
}

/**
 * From what the bridge has to what it shall have. Flows of other owners stay, groups outside our ranges, too. Equal
 * states give an empty change: a restart of the process changes no flow.
 */
export function diffInstalled({ sections, meters }: CompiledDesired, installed: Installed): OpenFlowChange {
  const groups: Group[] = [];
  const flows = unitStates(sections, sectionNames).flatMap((state) => {
    groups.push(...state.groups);
    return state.flows;
  });
  const otherFlows = installed.flows.filter(isOurs).unlike(flows);
  const otherGroups = installed.groups.filter(isOurGroup).unlike(groups);
  return {
    flows: flowChange(otherFlows.left, otherFlows.missing),
    groups: groupChange(otherGroups.left, otherGroups.missing),
    meters: keyedChange(installed.meters, meters, meterKeys),
  };
}

interface ChangedUnits {
  readonly before: readonly UnitState[];
  readonly after: readonly UnitState[];
}

/** Units that are not identical, of sections that are not identical. */
function changedUnits(before: CompiledDesired | undefined, after: CompiledDesired): ChangedUnits {
  const changes = sectionNames.map((name) => after.sections[name].since(before?.sections[name]));
  const states = (units: readonly Unit[]): UnitState[] => units.map(({ state }) => state);
  return {
    before: changes.flatMap(({ gone }) => states(gone)),
    after: changes.flatMap(({ come }) => states(come)),
  };
}

const text = (item: unknown): string => JSON.stringify(item);

const of = <K extends keyof UnitState>(
  states: readonly UnitState[],
  name: K,
): NonNullable<UnitState[K]> extends readonly (infer T)[] ? T[] : never =>
  states.flatMap((state) => state[name] as never) as never;

const baseOf = (desired: CompiledDesired | undefined): UnitBase | undefined =>
  desired?.sections.node.get('node')?.state.base;

function hostChange(
  before: CompiledDesired | undefined,
  after: CompiledDesired,
  units: ChangedUnits,
): HostChange {
  const old = baseOf(before)?.host;
  const next = baseOf(after)?.host;
  const list = <T>(pick: (host: NonNullable<typeof next>) => readonly T[]) =>
    old === next ? { add: [], remove: [] } : replaced(old ? pick(old) : [], next ? pick(next) : [], text);
  const same = (name: string): boolean =>
    sameData(
      old?.nft.find((table) => table.name === name),
      next?.nft.find((table) => table.name === name),
    );
  const put = (next?.nft ?? []).filter(({ name }) => !same(name)).map(({ name }) => name);
  const kept = ({ table }: { readonly table: string }): boolean => !put.includes(table);
  const elements = replaced(of(units.before, 'elements'), of(units.after, 'elements'), text);
  /** Of the node's own host part and of units together. */
  const both = <T>(
    fixed: (host: DesiredHost) => readonly T[],
    own: (state: UnitState) => readonly T[],
  ): ListChange<T> => {
    const items = (host: DesiredHost | undefined, states: readonly UnitState[]): T[] => [
      ...(old === next || host === undefined ? [] : fixed(host)),
      ...states.flatMap(own),
    ];
    return replaced(items(old, units.before), items(next, units.after), text);
  };
  const remove = (old?.nft ?? [])
    .map(({ name }) => name)
    .filter((name) => !next?.nft.some((table) => table.name === name));
  return {
    sysctls: list((host) => host.sysctls),
    addresses: list((host) => host.addresses),
    routes: both(
      (host) => host.routes,
      (state) => state.routes,
    ),
    rules: both(
      (host) => host.rules,
      (state) => state.rules,
    ),
    neighbours: both(
      (host) => host.neighbours,
      (state) => state.neighbours,
    ),
    tables: {
      put: put.length === 0 ? [] : after.host.nft.filter(({ name }) => put.includes(name)),
      remove,
    },
    elements: {
      add: elements.add.filter(kept),
      remove: elements.remove.filter((element) => kept(element) && !remove.includes(element.table)),
    },
  };
}

/**
 * From one result of a compiler to a later one; its work is in proportion to the units that changed.
 * `before` undefined: everything.
 */
export function diff(before: CompiledDesired | undefined, after: CompiledDesired): Change {
  const units = changedUnits(before, after);
  const old = baseOf(before)?.bridge;
  const next = baseOf(after)?.bridge;
  const ports = (bridge: typeof next, states: readonly UnitState[]) => [
    ...(old === next ? [] : (bridge?.ports ?? [])),
    ...of(states, 'ports'),
  ];
  return {
    flows: flowChange(of(units.before, 'flows'), of(units.after, 'flows')),
    groups: groupChange(of(units.before, 'groups'), of(units.after, 'groups')),
    meters: keyedChange(before?.meters ?? [], after.meters, meterKeys),
    ports: replaced(ports(old, units.before), ports(next, units.after), text),
    bridge: !sameData({ ...old, ports: [] }, { ...next, ports: [] }),
    host: hostChange(before, after, units),
  };
}
