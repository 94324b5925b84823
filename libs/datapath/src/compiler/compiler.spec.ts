/** A compiler that remembers makes what one makes that knows nothing, and makes little of it anew. */
import { describe, expect, test } from '@jest/globals';
import { type GatewayIntent, type HeldEgress, type Intent } from '@sluice/model';
import { intents, services, slots } from '../testing/intents.js';
import { compile, Compiler } from './compiler.js';

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

describe('after a change', () => {
  test.each(Object.keys(later))(
    'to %s it has what a new compiler has, and after the way back, too',
    (name) => {
      const compiler = new Compiler();
      compiler.compile(gateway);
      for (const intent of [at(Object.values(later), Object.keys(later).indexOf(name)), gateway]) {
        const { flows, groups, bridge, host } = compiler.compile(intent);
        const fresh = compile(intent);
        expect({ flows, groups, bridge, host }).toEqual({
          flows: fresh.flows,
          groups: fresh.groups,
          bridge: fresh.bridge,
          host: fresh.host,
        });
      }
    },
  );
});

describe('what did not change', () => {
  test('of one Service among several is the identical unit', () => {
    const compiler = new Compiler();
    const { sections: before } = compiler.compile(gateway);
    const { sections: after } = compiler.compile(withMoved);
    const same = [...after.service].filter(([key, unit]) => before.service.get(key) === unit);
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

test('a state that cannot be compiled leaves the memory as it was', () => {
  const compiler = new Compiler();
  const before = compiler.compile(gateway);
  const broken = { ...at(egresses, 0), addresses: ['nowhere'] };
  expect(() => compiler.compile(changed({ egresses: [broken] }))).toThrow('nowhere');
  expect(compiler.compile({ ...gateway })).toBe(before);
});
