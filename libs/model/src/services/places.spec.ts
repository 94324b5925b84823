/** The way to an endpoint, of a Pod and of what is none. */
import { describe, expect, test } from '@jest/globals';
import { type EgressGateway } from '@sluice/kube';
import fc from 'fast-check';
import { placeOf, placesChange, placesOf } from './places.js';

const gateway: EgressGateway = {
  metadata: { name: 'gw' },
  spec: { nodeName: 'gw', uplinkInterface: 'eth1', capacity: 1, draining: false },
};
const nodes = (...workers: readonly number[]) =>
  placesOf(new Map([['gw', 90], ...workers.map((id) => [`worker-${id}`, id] as const)]), [gateway]);

const addresses = Array.from({ length: 400 }, (_, at) => `192.0.2.${at}`);
const relays = (places: ReturnType<typeof nodes>) =>
  addresses.map((address) => placeOf(places, undefined, address));

describe('an endpoint', () => {
  test('is reached over its node, be it a gateway', () => {
    expect(placeOf(nodes(1, 2), 'worker-2', '10.244.1.5')).toBe(2);
    expect(placeOf(nodes(1, 2), 'gw', '10.244.1.5')).toBe(90);
  });

  test('on no node that has an id is reached over a worker, never over a gateway', () => {
    expect(placeOf(nodes(1), undefined, '192.0.2.1')).toBe(1);
    expect(placeOf(nodes(1), 'worker-9', '192.0.2.1')).toBe(1);
    expect(placeOf(nodes(), undefined, '192.0.2.1')).toBeUndefined();
  });
});

describe('workers that relay', () => {
  test('are all used', () => {
    const counts = Map.groupBy(relays(nodes(1, 2, 3, 4)), (id) => id);
    for (const id of [1, 2, 3, 4]) expect(counts.get(id)?.length).toBeGreaterThan(60);
  });

  test('do not depend on the order of nodes', () => {
    expect(relays(nodes(3, 1, 2))).toEqual(relays(nodes(1, 2, 3)));
  });

  test('keep what they have when another goes', () => {
    const [before, after] = [relays(nodes(1, 2, 3)), relays(nodes(1, 3))];
    expect(before.filter((id, at) => id !== 2 && after[at] !== id)).toEqual([]);
  });
});

test('the same nodes are no change', () => {
  expect(placesChange(nodes(1, 2), nodes(2, 1))).toBeUndefined();
});

test('a change of nodes is told for every endpoint that it moves', () => {
  const someNodes = fc
    .subarray(['gw', 'worker-1', 'worker-2', 'worker-3'])
    .map((names) =>
      placesOf(new Map(names.map((name) => [name, name.charCodeAt(name.length - 1)])), [gateway]),
    );
  const someNode = fc.option(fc.constantFrom('gw', 'worker-1', 'worker-2', 'worker-3'), { nil: undefined });
  fc.assert(
    fc.property(someNodes, someNodes, someNode, fc.ipV4(), (before, after, nodeName, address) => {
      const moves = placeOf(before, nodeName, address) !== placeOf(after, nodeName, address);
      if (moves) expect(placesChange(before, after)?.(nodeName)).toBe(true);
    }),
  );
});
