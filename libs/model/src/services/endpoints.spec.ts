/** Which endpoints of a Service port get new connections. */
import { describe, expect, test } from '@jest/globals';
import { type EndpointSlice } from '@sluice/kube';
import fc from 'fast-check';
import { endpointId } from './endpoint-ids.js';
import { usableEndpoints } from './endpoints.js';
import { sliceViews } from './slice-view.js';
import { endpoint, slice } from './testing/objects.js';

const places = { ids: new Map([['worker-1', 1] as const, ['worker-2', 2] as const]), workers: [1, 2] };
const http = { name: 'http', protocol: 'TCP' } as const;

const usable = (slices: readonly EndpointSlice[], zone?: string, family: 4 | 6 = 4) =>
  usableEndpoints(sliceViews(slices, family), http, { places, zone });
/** Sorted. */
const sockets = (...given: Parameters<typeof usable>): readonly string[] =>
  usable(...given)
    .map(({ address, port }) => `${address} ${port}`)
    .toSorted();

const conditions = (ready?: boolean, serving?: boolean, terminating?: boolean) => ({
  conditions: {
    ...(ready === undefined ? {} : { ready }),
    ...(serving === undefined ? {} : { serving }),
    ...(terminating === undefined ? {} : { terminating }),
  },
});

test('endpoints have an id, a place and the number of the named port', () => {
  expect(usable([slice([endpoint('10.244.1.5')])])).toEqual([
    { id: endpointId('10.244.1.5', 8080, 'TCP'), address: '10.244.1.5', port: 8080, nodeId: 1 },
  ]);
});

describe('with weights', () => {
  const views = sliceViews(
    [
      slice([
        endpoint('10.244.1.1', { targetRef: { kind: 'Pod', name: 'web-0' } }),
        endpoint('10.244.1.2', { targetRef: { kind: 'Pod', name: 'web-1' } }),
      ]),
    ],
    4,
  );
  const weighted = (weights: Readonly<Record<string, number>>) =>
    usableEndpoints(views, http, { places, zone: undefined, weightOf: (name = '') => weights[name] ?? 100 })
      .toSorted((a, b) => a.address.localeCompare(b.address))
      .map(({ address, weight }) => [address, weight]);

  test('each has its own', () => {
    expect(weighted({ 'web-0': 3 })).toEqual([
      ['10.244.1.1', 3],
      ['10.244.1.2', 100],
    ]);
  });

  test('one without any gets no new connections', () => {
    expect(weighted({ 'web-0': 0 })).toEqual([['10.244.1.2', 100]]);
  });
});

describe('a port', () => {
  const other = slice([endpoint('10.244.1.6')], { ports: [{ name: 'http', port: 9090 }] });

  test('has the number that each slice gives its name', () => {
    expect(sockets([slice([endpoint('10.244.1.5')]), other])).toEqual(['10.244.1.5 8080', '10.244.1.6 9090']);
  });

  test('without a name is that without a name', () => {
    const ports = [{ port: 9090 }, { name: 'http', port: 8080 }];
    const views = sliceViews([slice([endpoint('10.244.1.5')], { ports })], 4);
    const found = usableEndpoints(views, { name: '', protocol: 'TCP' }, { places, zone: undefined });
    expect(found.map(({ port }) => port)).toEqual([9090]);
  });

  test.each<[string, EndpointSlice['ports']]>([
    ['that the slice does not name', [{ name: 'dns', port: 53 }]],
    ['of another protocol', [{ name: 'http', port: 53, protocol: 'UDP' }]],
    ['without a number', [{ name: 'http' }]],
    ['of a slice without ports', null],
  ])('%s has no endpoints there', (_, ports) => {
    expect(sockets([slice([endpoint('10.244.1.5')], { ports })])).toEqual([]);
  });
});

describe('an endpoint', () => {
  const ready = endpoint('10.244.1.1', conditions(true, true, false));
  const leaving = endpoint('10.244.1.2', conditions(false, true, true));
  const silent = endpoint('10.244.1.3', conditions(false, false, true));
  const starting = endpoint('10.244.1.4', conditions(false, true, false));

  test('that is ready keeps those that terminate out', () => {
    expect(sockets([slice([ready, leaving, silent, starting])])).toEqual(['10.244.1.1 8080']);
  });

  test('that terminates and still answers is used if none is ready', () => {
    expect(sockets([slice([leaving, silent, starting])])).toEqual(['10.244.1.2 8080']);
  });

  test('that does not answer is never used', () => {
    expect(sockets([slice([silent, starting])])).toEqual([]);
  });

  test('of which nobody says whether it is ready is', () => {
    expect(sockets([slice([endpoint('10.244.1.5'), endpoint('10.244.1.6', conditions())])])).toHaveLength(2);
  });

  test('answers as it is ready, where nobody says more', () => {
    expect(sockets([slice([endpoint('10.244.1.5', conditions(false, undefined, true))])])).toEqual([]);
  });

  test('on a node without a tunnel is reached over a worker', () => {
    const foreign = { addresses: ['192.0.2.9'] };
    const strange = endpoint('192.0.2.10', { nodeName: 'elsewhere' });
    expect(usable([slice([foreign, strange])]).map(({ nodeId }) => [1, 2].includes(nodeId))).toEqual([
      true,
      true,
    ]);
  });

  test('counts by its first address only', () => {
    expect(sockets([slice([{ addresses: ['10.244.1.5', '10.244.1.6'] }])])).toEqual(['10.244.1.5 8080']);
  });
});

describe('slices', () => {
  test('of names and of the other family are passed over', () => {
    const named = slice([endpoint('example.org')], { addressType: 'FQDN' });
    const v6 = slice([endpoint('FD00:244::5')], { addressType: 'IPv6' });
    const mixed = slice([endpoint('fd00:244::6'), endpoint('nonsense'), { addresses: [] }]);
    expect(sockets([named, v6, mixed])).toEqual([]);
    expect(sockets([named, v6, mixed], undefined, 6)).toEqual(['fd00:244::5 8080']);
  });

  test('that say nothing of endpoints have none', () => {
    expect(sockets([slice(null)])).toEqual([]);
  });

  test('that share an endpoint give it once, ready if one says so', () => {
    const old = endpoint('10.244.1.5', conditions(false, false));
    expect(sockets([slice([old]), slice([endpoint('10.244.1.5')])])).toEqual(['10.244.1.5 8080']);
  });

  test('are the same in any order', () => {
    const someEndpoint = fc
      .record({
        address: fc.constantFrom('10.244.1.1', '10.244.1.2', '10.244.1.3', '192.0.2.1'),
        nodeName: fc.constantFrom('worker-1', 'worker-2', 'elsewhere'),
        state: fc.constantFrom(conditions(), conditions(false, true, true), conditions(false)),
        zones: fc.subarray(['a', 'b']),
      })
      .map(({ address, nodeName, state, zones }) => {
        const hints = { forZones: zones.map((name) => ({ name })) };
        return endpoint(address, { nodeName, ...state, hints });
      });
    const slices = fc.array(fc.array(someEndpoint, { maxLength: 5 }), { maxLength: 4 });
    fc.assert(
      fc.property(slices, fc.constantFrom('a', undefined), (lists, zone) => {
        const backwards = lists.toReversed().map((list) => slice(list.toReversed()));
        const forwards = lists.map((list) => slice(list));
        const found = usable(forwards, zone);
        expect(usable(backwards, zone)).toEqual(found);
        expect(found.map(({ id }) => id)).toEqual(found.map(({ id }) => id).toSorted((a, b) => a - b));
      }),
    );
  });
});

describe('hints for zones', () => {
  const hinted = (address: string, ...zones: readonly string[]) =>
    endpoint(address, { hints: { forZones: zones.map((name) => ({ name })) } });
  const a = hinted('10.244.1.1', 'a', 'c');
  const b = hinted('10.244.1.2', 'b');

  test('keep connections in the zone of the gateway', () => {
    expect(sockets([slice([a, b])], 'a')).toEqual(['10.244.1.1 8080']);
    expect(sockets([slice([a]), slice([b])], 'b')).toEqual(['10.244.1.2 8080']);
  });

  test.each([
    ['the gateway has no zone', undefined, [a, b], 2],
    ['none names the zone', 'd', [a, b], 2],
    ['a ready endpoint has none', 'a', [a, b, endpoint('10.244.1.3')], 3],
    ['an endpoint has an empty list', 'a', [a, hinted('10.244.1.3')], 2],
    ['nothing is ready', 'a', [a, b].map((one) => ({ ...one, ...conditions(false, true, true) })), 2],
  ])('do not count if %s', (_, zone, endpoints, expected) => {
    expect(sockets([slice(endpoints)], zone)).toHaveLength(expected);
  });

  test('count though an endpoint that is not ready has none', () => {
    const starting = endpoint('10.244.1.3', conditions(false));
    expect(sockets([slice([a, b, starting])], 'a')).toEqual(['10.244.1.1 8080']);
  });

  test('for nodes do not count', () => {
    const near = endpoint('10.244.1.1', { hints: { forNodes: [{ name: 'gw' }] } });
    expect(sockets([slice([near, endpoint('10.244.1.2')])], 'a')).toHaveLength(2);
  });
});
