/** Ids of endpoints: the same everywhere, and never twice in a group. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type TransportProtocol } from '../intent.js';
import { distinctIds, endpointId } from './endpoint-ids.js';

const lastId = 0xffff_feff;
const address = fc.oneof(fc.ipV4(), fc.ipV6());
const port = fc.integer({ min: 1, max: 65_535 });
const protocol = fc.constantFrom<TransportProtocol>('TCP', 'UDP', 'SCTP');

describe('the id of an endpoint', () => {
  test('is one that a bucket may have', () => {
    fc.assert(
      fc.property(address, port, protocol, (...socket) => {
        const id = endpointId(...socket);
        expect(Number.isInteger(id) && id >= 1 && id <= lastId).toBe(true);
      }),
    );
  });

  test('never changes: gateways of two versions must choose alike', () => {
    expect(endpointId('10.244.1.5', 8080, 'TCP')).toBe(2635905577);
    expect(endpointId('fd00:244::5', 8080, 'UDP')).toBe(3083299080);
  });

  test('spreads the addresses of a cluster over all ids', () => {
    const ids = Array.from({ length: 65_536 }, (_, at) =>
      endpointId(`10.244.${String(at >> 8)}.${String(at & 255)}`, 8080, 'TCP'),
    );
    // Half a pair is to be expected among so many.
    expect(new Set(ids).size).toBeGreaterThan(65_530);
    const eighths = Map.groupBy(ids, (id) => Math.floor((id / lastId) * 8));
    for (const { length } of eighths.values()) expect(Math.abs(length - 8192)).toBeLessThan(400);
  });
});

describe('endpoints with the same hash', () => {
  /** Few numbers, at both ends of the range: they meet often. */
  const hashes = fc.array(
    fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: lastId - 2, max: lastId })),
    { maxLength: 12 },
  );

  test('are told apart', () => {
    fc.assert(
      fc.property(hashes, (hashed) => {
        const ids = distinctIds(hashed);
        expect(new Set(ids).size).toBe(hashed.length);
        expect(ids.every((id) => id >= 1 && id <= lastId)).toBe(true);
      }),
    );
  });

  test('leave the first of them its own', () => {
    expect(distinctIds([7, 7, 8, lastId, lastId])).toEqual([7, 8, 9, lastId, 1]);
  });
});
