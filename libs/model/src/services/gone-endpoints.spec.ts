import { expect, test } from '@jest/globals';
import { type ServicePort } from '../intent.js';
import { goneDatagramEndpoints } from './gone-endpoints.js';

const port = (
  serviceId: number,
  protocol: ServicePort['protocol'],
  ...last: readonly number[]
): ServicePort => ({
  ...{ serviceId, key: `shop/web:${serviceId}`, family: 4, protocol, addresses: [] },
  endpoints: last.map((n) => ({ id: n, address: `10.244.1.${n}`, port: 5353, nodeId: 1 })),
});

const gone = (before: readonly ServicePort[], after: readonly ServicePort[]) =>
  goneDatagramEndpoints(before, after).map(({ address }) => Number(address.split('.').at(-1)));

test('an endpoint that is not there any more is gone', () => {
  expect(gone([port(1, 'UDP', 5, 6)], [port(1, 'UDP', 6)])).toEqual([5]);
  expect(goneDatagramEndpoints([port(1, 'UDP', 5)], [])).toEqual([{ address: '10.244.1.5', port: 5353 }]);
});

test.each<readonly [string, readonly ServicePort[], readonly ServicePort[]]>([
  ['of TCP, whose clients notice by themselves', [port(1, 'TCP', 5)], []],
  ['that another port still has', [port(1, 'UDP', 5), port(2, 'UDP', 5)], [port(2, 'UDP', 5)]],
  ['that only came', [port(1, 'UDP', 5)], [port(1, 'UDP', 5, 6)]],
  ['when there was nothing before, as after a start', [], [port(1, 'UDP', 5)]],
])('one %s is not', (_, before, after) => {
  expect(gone(before, after)).toEqual([]);
});
