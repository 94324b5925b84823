import { beforeEach, describe, expect, test } from '@jest/globals';
import { ManualClock, silentLogger } from '@sluice/core';
import { type ServicePort } from '@sluice/model';
import { type CapState, ConnectionCaps } from './connection-caps.js';
import { connectionCounts } from './connection-counts.js';

const line = (
  service: number,
  port: number,
  { state = 'ESTABLISHED', label = '0x2aa00000001' } = {},
): string =>
  `tcp,orig=(src=203.0.113.10,dst=198.18.0.100,sport=${String(port)},dport=443),` +
  `reply=(src=10.244.1.5,dst=203.0.113.10,sport=8080,dport=${String(port)}),` +
  `zone=1,mark=${String(service * 0x1_0000 + 1)},labels=${label},protoinfo=(state=${state})`;

const lines = (service: number, count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => line(service, 40_000 + at));

describe('connections', () => {
  test('are counted by service', () => {
    const dump = [...lines(17, 3), ...lines(18, 2)].join('\n');
    expect(connectionCounts(dump)).toEqual(
      new Map([
        [17, 3],
        [18, 2],
      ]),
    );
  });

  test.each([
    ['that are over', line(17, 1, { state: 'TIME_WAIT' })],
    ['of egresses, which have no label', line(17, 1, { label: '0x0' })],
    ['without a label', line(17, 1).replace(/,labels=\w+/, '')],
    ['that cannot be read', 'nonsense'],
  ])('not those %s', (_, text) => {
    expect(connectionCounts(text).size).toBe(0);
  });
});

const port = (serviceId: number, maxConnections?: number, key = 'shop/web:http'): ServicePort => ({
  ...{ serviceId, key, family: 4, protocol: 'TCP', addresses: [], endpoints: [] },
  ...(maxConnections === undefined ? {} : { maxConnections }),
});

let clock: ManualClock;
let dump: readonly string[];
let told: CapState[];
let changes: number;
let caps: ConnectionCaps;

beforeEach(() => {
  clock = new ManualClock();
  [dump, told, changes] = [[], [], 0];
  caps = new ConnectionCaps({
    ...{ clock, logger: silentLogger },
    dump: () => Promise.resolve(dump.join('\n')),
    onChange: () => {
      changes++;
    },
    tell: (state) => told.push(state),
    onCounted: () => undefined,
  });
});

/** Until the next count is done. */
async function count(connections: readonly string[]): Promise<void> {
  dump = connections;
  clock.advance(1000);
  await new Promise((resolve) => setImmediate(resolve));
}

describe('a Service with a cap', () => {
  const services = [port(17, 10), port(18)];

  test('refuses when it has so many, and accepts again when there are clearly fewer', async () => {
    expect(caps.apply(services)).toBe(services);
    await count(lines(17, 10));
    const [full, other] = caps.apply(services);
    expect(full).toEqual({ ...services[0], refuses: true });
    expect(other).toBe(services[1]);
    expect(caps.apply(services)[0]).toBe(full);
    await count(lines(17, 9));
    expect(caps.apply(services)).toBe(services);
    expect(changes).toBe(2);
  });

  test('does not change its mind with every client', async () => {
    const large = [port(17, 100)];
    caps.apply(large);
    await count(lines(17, 100));
    await count(lines(17, 97));
    expect(caps.apply(large)[0]).toMatchObject({ refuses: true });
    await count(lines(17, 94));
    expect(caps.apply(large)).toBe(large);
  });

  test('is told when it comes near, reaches it, and leaves it', async () => {
    caps.apply(services);
    for (const many of [7, 8, 9, 10, 10, 2]) await count(lines(17, many));
    expect(told.map(({ state, connections }) => [state, connections])).toEqual([
      ['near', 8],
      ['full', 10],
      ['free', 2],
    ]);
    expect(told[0]).toMatchObject({ service: 'shop/web', cap: 10 });
  });

  test('has it for all its ports together', async () => {
    const ports = [port(17, 4), port(19, 4, 'shop/web:https')];
    caps.apply(ports);
    await count([...lines(17, 2), ...lines(19, 2)]);
    expect(caps.apply(ports).every(({ refuses }) => refuses === true)).toBe(true);
  });

  test('that loses its cap accepts again', async () => {
    caps.apply(services);
    await count(lines(17, 10));
    const without = [port(17), port(18)];
    expect(caps.apply(without)).toEqual(without);
  });
});

test('without caps nothing is counted', async () => {
  let dumps = 0;
  const idle = new ConnectionCaps({
    ...{ clock, logger: silentLogger, onChange: () => undefined, tell: () => undefined },
    onCounted: () => undefined,
    dump: () => {
      dumps++;
      return Promise.resolve('');
    },
  });
  idle.apply([port(17)]);
  await count([]);
  expect(dumps).toBe(0);
});
