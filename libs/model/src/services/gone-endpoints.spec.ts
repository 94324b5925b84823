import { describe, expect, test } from '@jest/globals';
import { type ServicePort } from '../intent.js';
import { goneEndpoints } from './gone-endpoints.js';

const port = (
  serviceId: number,
  protocol: ServicePort['protocol'],
  ...last: readonly number[]
): ServicePort => ({
  ...{ serviceId, key: `shop/web:${serviceId}`, family: 4, protocol, addresses: [] },
  endpoints: last.map((n) => ({ id: n, address: `10.244.1.${n}`, port: 5353, nodeId: 1 })),
});

const place = (n: number) => ({ address: `10.244.1.${n}`, port: 5353 });

describe.each([['UDP' as const], ['TCP' as const]])('of %s', (protocol) => {
  const gone = (before: readonly ServicePort[], after: readonly ServicePort[]) =>
    goneEndpoints(before, after)[protocol === 'UDP' ? 'udp' : 'tcp'];

  test('an endpoint that is not there any more is gone', () => {
    expect(gone([port(1, protocol, 5, 6)], [port(1, protocol, 6)])).toEqual([place(5)]);
    expect(gone([port(1, protocol, 5)], [])).toEqual([place(5)]);
  });

  test.each<readonly [string, readonly ServicePort[], readonly ServicePort[]]>([
    ['of another protocol', [port(1, protocol === 'UDP' ? 'TCP' : 'UDP', 5)], []],
    ['that only came', [port(1, protocol, 5)], [port(1, protocol, 5, 6)]],
    ['when there was nothing before, as after a start', [], [port(1, protocol, 5)]],
  ])('one %s is not', (_, before, after) => {
    expect(gone(before, after)).toEqual([]);
  });
});

test('datagrams go on to an endpoint that another port still has', () => {
  const [other, same] = [port(2, 'UDP', 5), port(2, 'TCP', 5)];
  expect(goneEndpoints([port(1, 'UDP', 5), other], [other]).udp).toEqual([]);
  expect(goneEndpoints([port(1, 'UDP', 5), same], [same]).udp).toEqual([place(5)]);
});
