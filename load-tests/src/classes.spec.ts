import { describe, expect, it, test } from '@jest/globals';
import { serviceShards } from '../../libs/datapath/src/pipeline/service-shards.js';
import { finestClass, portBitsFor, spreadOf } from './classes.js';

test.each([
  [0, 4],
  [1, 4],
  [2, 7],
  [4, 8],
  [5, 9],
  [64, 12],
  [100_000, 15],
])('of %d endpoints the hash sees %d bits of the port', (endpoints, bits) => {
  expect(portBitsFor(endpoints)).toBe(bits);
});

/** The gateway's own groups: when their hash changes, this has to follow. */
test.each([1, 4, 5, 64, 200])('of %d endpoints gateways hash the same bits', (count) => {
  const endpoints = Array.from({ length: count }, (_, at) => {
    return { id: at + 1, address: `10.0.0.${at + 1}`, port: 8080, nodeId: 1 };
  });
  const common = { serviceId: 1, key: 'a/b:c', family: 4, protocol: 'TCP', addresses: [] } as const;
  const [shard] = serviceShards({ ...common, endpoints });
  const [address, port] = shard?.group.selection?.fields ?? [];
  expect(address?.mask).toBe(0xfn);
  expect(port?.mask).toBe((2n ** BigInt(portBitsFor(count)) - 1n) << 1n);
});

describe('a class', () => {
  it.each([
    ['198.18.0.32', '198.18.7.48'],
    ['2001:db8:18::2a', '2001:db8::1a'],
    ['2001:db8:18::', '2001:db8:18::10'],
    ['fe80::3%e0', 'fe80::13'],
    ['::ffff:10.0.0.17', '10.0.0.1'],
  ])('has the low bits of the address: %s like %s', (one, other) => {
    expect(finestClass({ address: one, port: 40_000 })).toBe(finestClass({ address: other, port: 40_000 }));
  });

  it('has all bits of the port but the lowest', () => {
    const of = (port: number) => finestClass({ address: '10.0.0.1', port });
    expect(of(40_001)).toBe(of(40_000));
    expect(of(40_002)).not.toBe(of(40_000));
  });

  it('is another one with another address', () => {
    const of = (address: string) => finestClass({ address, port: 40_000 });
    expect(of('10.0.0.1')).not.toBe(of('10.0.0.2'));
  });
});

describe('the spread', () => {
  const met = (...seen: readonly (readonly [address: string, port: number, endpoint: string])[]) =>
    new Map(seen.map(([address, port, endpoint]) => [finestClass({ address, port }), endpoint] as const));

  it('counts each class once', () => {
    // 256 ports on: the same seven bits above the lowest one.
    const seen = met(['10.0.0.1', 40_000, 'a'], ['10.0.0.1', 40_256, 'a'], ['10.0.0.1', 40_002, 'b']);
    expect(spreadOf(seen, 2)).toEqual({ a: 1, b: 1 });
  });

  it('takes the endpoint that a class met first', () => {
    const seen = met(['10.0.0.1', 40_000, 'b'], ['10.0.0.1', 40_256, 'a']);
    expect(spreadOf(seen, 2)).toEqual({ b: 1 });
  });

  it('tells more classes apart where there are more endpoints', () => {
    const seen = met(['10.0.0.1', 40_000, 'a'], ['10.0.0.1', 40_256, 'b']);
    expect(spreadOf(seen, 8)).toEqual({ a: 1, b: 1 });
  });
});
