/** A compiler that remembers makes what one makes that knows nothing, and makes little of it anew. */
import { describe, expect, test } from '@jest/globals';
import { type GatewayIntent, type HeldEgress, type Intent } from '@sluice/model';
import { flowKey } from '@sluice/ovs';
import { type Desired } from '../desired.js';
import { diff, diffInstalled, fromBare, isBare } from '../diff/diff.js';
import { learnedCookie } from '../layout/cookies.js';
import { installedOf } from '../testing/installed.js';
import { intents, services, slots } from '../testing/intents.js';
import { compile, Compiler } from './compiler.js';
import { hostSectionNames, sectionNames } from './unit.js';

const { gateway } = intents;
const changed = (change: Partial<GatewayIntent>): Intent => ({
  ...gateway,
  gateway: { ...gateway.gateway, ...change },
});

const at = <T>(list: readonly T[], index: number): T => {
  const found = list[index];
  if (found === undefined) throw new RangeError(`there is no ${String(index)}`);
  return found;
};
const [web, ...others] = [at(services, 0), ...services.slice(1)];
const moved = { ...web, endpoints: web.endpoints.map((each) => ({ ...each, address: '10.244.1.99' })) };
const withMoved = changed({ services: [moved, ...others] });

const egresses: readonly HeldEgress[] = gateway.gateway.egresses;
const { uplink } = gateway.gateway;

const later: Readonly<Record<string, Intent>> = {
  'other endpoints': withMoved,
  'one Service less': changed({ services: others }),
  'another address of the gateway': changed({
    uplink: { ...uplink, addresses: ['198.18.0.77/24', '2001:db8:18::77/64'] },
  }),
  'another MAC of the gateway': changed({ uplink: { ...uplink, mac: '02:5c:18:00:00:77' } }),
  'an egress in another slot': changed({
    egresses: egresses.map((egress) => ({ ...egress, slot: slots.second })),
  }),
  'an egress that it does not hold': changed({
    egresses: egresses.map((egress) => ({ ...egress, held: false })),
  }),
  'no gateway any more': { ...intents.agent, nodeId: gateway.nodeId },
};

/** Order of flows and groups says nothing but who came first. */
const contentOf = ({ flows, groups, bridge, host }: Desired) => ({
  flows: new Map(flows.map((flow) => [flowKey(flow), flow])),
  groups: new Map(groups.map((group) => [group.id, group])),
  bridge,
  host,
});

test.each(Object.entries(later))(
  'after a change to %s it has what a new compiler has, and after the way back, too',
  (_, changedIntent) => {
    const compiler = new Compiler();
    compiler.compile(gateway);
    for (const intent of [changedIntent, gateway])
      expect(contentOf(compiler.compile(intent))).toEqual(contentOf(compile(intent)));
  },
);

test('the difference of two states is that of what they have, whether they are neighbours or not', () => {
  const compiler = new Compiler();
  const states = [gateway, ...Object.values(later), gateway].map((intent) => compiler.compile(intent));
  for (const before of states)
    for (const after of states) {
      const { flows, groups } = diff(before, after);
      const fresh = diffInstalled(after, installedOf(before));
      expect(flows.add.map(flowKey).toSorted()).toEqual(fresh.flows.add.map(flowKey).toSorted());
      expect(flows.remove.map(flowKey).toSorted()).toEqual(fresh.flows.remove.map(flowKey).toSorted());
      expect(groups.modify.map(({ id }) => id).toSorted()).toEqual(
        fresh.groups.modify.map(({ id }) => id).toSorted(),
      );
    }
});

test('what was released is made again when somebody asks, and differences from it are the same', () => {
  const compiler = new Compiler();
  const before = compiler.compile(gateway);
  const made = contentOf(before);
  compiler.release();
  expect(contentOf(before)).toEqual(made);
  compiler.release();
  const after = compiler.compile(withMoved);
  compiler.release();
  const { host, flows, groups, bridge, ports } = diff(before, after);
  const fresh = diff(compile(gateway), compile(withMoved));
  expect({ host, flows, groups, bridge, ports }).toEqual({
    host: fresh.host,
    flows: fresh.flows,
    groups: fresh.groups,
    bridge: fresh.bridge,
    ports: fresh.ports,
  });
  expect(flows.add.length + groups.modify.length).toBeGreaterThan(0);
  expect(flows.add.length).toBeLessThan(before.flows.length / 2);
});

describe('what did not change', () => {
  test('of one Service among several is the identical unit', () => {
    const compiler = new Compiler();
    const { sections: before } = compiler.compile(gateway);
    const { sections: after } = compiler.compile(withMoved);
    const same = [...after.service.values()].filter((unit) => before.service.get(unit.key) === unit);
    expect(same).toHaveLength(others.length);
    expect(after.address).toBe(before.address);
  });

  test('of lists that are the identical ones is not looked at', () => {
    const compiler = new Compiler();
    const list = [...services];
    const { sections: before } = compiler.compile(changed({ services: list }));
    list.length = 0;
    const { sections: after } = compiler.compile(changed({ services: list, egresses: [] }));
    expect(after.service).toBe(before.service);
    expect(after.egress.size).toBe(0);
  });
});

test.each(Object.entries(intents))('of %s the other sections have flows and groups alone', (_, intent) => {
  const { sections } = compile(intent);
  const others = sectionNames.filter((name) => !(hostSectionNames as readonly string[]).includes(name));
  for (const unit of others.flatMap((name) => [...sections[name].values()])) {
    const { flows: _flows, groups: _groups, ...rest } = unit.state;
    expect([unit.key, ...Object.values(rest).flat()]).toEqual([unit.key]);
  }
});

test('a state that cannot be made is refused whoever asks, until it is gone', () => {
  const compiler = new Compiler();
  const before = compiler.compile(gateway);
  const broken = { ...at(egresses, 0), addresses: ['nowhere'] };
  const after = compiler.compile(changed({ egresses: [broken] }));
  for (const ask of [
    () => diff(before, after),
    () => diffInstalled(after, installedOf({})),
    () => [...fromBare(after)],
    () => after.flows,
  ])
    expect(ask).toThrow('nowhere');
  expect(contentOf(compiler.compile({ ...gateway }))).toEqual(contentOf(before));
});

describe('a bare bridge', () => {
  test.each(Object.entries(intents))('gets all that %s has, in parts', (_, intent) => {
    const desired = compile(intent);
    const parts = [...fromBare(desired)];
    const keys = parts.flatMap(({ flows }) => flows.add).map(flowKey);
    expect(keys.toSorted()).toEqual(desired.flows.map(flowKey).toSorted());
    const ids = parts.flatMap(({ groups }) => groups.add).map(({ id }) => id);
    expect(ids.toSorted()).toEqual(desired.groups.map(({ id }) => id).toSorted());
  });

  test('has each group before the flows that use it, and few flows in each part of thousands', () => {
    const many = Array.from({ length: 4000 }, (_, index) => ({
      ...at(services, 0),
      ...{ serviceId: 1000 + index, addresses: [], nodePort: 20_000 + index },
    }));
    const parts = [...fromBare(compile(changed({ services: many })))];
    expect(parts.length).toBeGreaterThan(2);
    const seen = new Set<number>();
    for (const { flows, groups } of parts) {
      expect(flows.add.length).toBeLessThan(6000);
      for (const { id } of groups.add) seen.add(id);
      const used = flows.add
        .flatMap(({ actions }) => actions)
        .filter((action) => action.type === 'group')
        .map((action) => action.group);
      expect(used.filter((id) => !seen.has(id))).toEqual([]);
    }
  });

  test('may have flows of others', () => {
    const flow = at(compile(gateway).flows, 0);
    expect(isBare(installedOf({ flows: [{ ...flow, cookie: learnedCookie }] }))).toBe(true);
    expect(isBare(installedOf({ flows: [flow] }))).toBe(false);
    expect(isBare(installedOf({ groups: compile(gateway).groups }))).toBe(false);
  });
});
