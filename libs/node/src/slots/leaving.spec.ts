import { describe, expect, test } from '@jest/globals';
import { ManualClock, silentLogger } from '@sluice/core';
import { ConnectionsLeft } from './connections-left.js';
import { Leaving } from './leaving.js';

const line = (protocol: string, outside: string, state?: string): string =>
  `${protocol},orig=(src=10.244.1.5,dst=203.0.113.10,sport=46474,dport=9000),reply=(src=203.0.113.10,dst=${outside},sport=9000,dport=46474),zone=1,mark=458755` +
  (state === undefined ? '' : `,protoinfo=(state=${state})`);

const first = '198.18.0.100';
const second = '2001:db8:18::100';

test('connections count by their address outside, but for those that are over', () => {
  const dump = [
    line('tcp', first, 'ESTABLISHED'),
    line('tcp', first, 'FIN_WAIT_2'),
    line('tcp', first, 'TIME_WAIT'),
    line('tcp', first, 'CLOSED'),
    line('udp', '2001:db8:18:0::100'),
    line('icmp', '198.18.0.101'),
    'garbage',
  ].join('\n');
  expect(new ConnectionsLeft().count(dump, new Set([first, second]), 0)).toEqual(
    new Map([
      [first, 2],
      [second, 1],
    ]),
  );
});

test('a connection to an address that is being left, from one that is not, does not count', () => {
  const dump = `tcp,orig=(src=10.244.1.5,dst=${first},sport=4,dport=80),reply=(src=${first},dst=198.18.0.101,sport=80,dport=4),zone=1`;
  expect(new ConnectionsLeft().count(dump, new Set([first]), 0).size).toBe(0);
});

test('a service counts by the address that was asked for', () => {
  const dump = `tcp,orig=(src=192.0.2.9,dst=${first},sport=4,dport=80),reply=(src=10.244.1.5,dst=192.0.2.9,sport=8080,dport=4),zone=1`;
  expect(new ConnectionsLeft().count(dump, new Set([first]), 0).get(first)).toBe(1);
});

describe('of a connection on which nobody speaks', () => {
  interface Silent {
    readonly protocol?: string;
    readonly port?: number;
    readonly endpoint?: string;
    readonly state?: string;
  }

  /** How many count after so many seconds; each time it says how many more the entry has, given how many it began with. */
  function counted(left: (second: number) => number, silent: Silent = {}): readonly number[] {
    const { protocol = 'tcp', port = 46474, endpoint = '203.0.113.10', state = 'ESTABLISHED' } = silent;
    const connections = new ConnectionsLeft();
    return [0, 10, 29, 31].map((second) => {
      const dump =
        `${protocol},orig=(src=10.244.1.5,dst=203.0.113.10,sport=46474,dport=9000,packets=1,bytes=60),` +
        `reply=(src=${endpoint},dst=${first},sport=9000,dport=${String(port)},packets=1,bytes=60),` +
        `zone=1,timeout=${String(left(second))},mark=458755,protoinfo=(state=${state})`;
      return connections.count(dump, new Set([first]), second * 1000).get(first) ?? 0;
    });
  }
  const silent = (second: number): number => 86_400 - second;

  test('agents take care after half a minute', () => {
    expect(counted(silent)).toEqual([1, 1, 1, 0]);
    // The timeout is in whole seconds.
    expect(counted((second) => silent(second) - (second % 2))).toEqual([1, 1, 1, 0]);
  });

  test('so they do when it is half closed, whatever its port is', () => {
    expect(counted(silent, { port: 1025, state: 'FIN_WAIT_2' })).toEqual([1, 1, 1, 0]);
  });

  test.each<[string, (second: number) => number, Silent]>([
    ['somebody has spoken', (second) => (second < 29 ? silent(second) : 86_400), {}],
    ['NAT changed its port', silent, { port: 1025 }],
    ['it is to a Service', silent, { endpoint: '10.244.1.9' }],
    ['it is not of TCP', silent, { protocol: 'sctp' }],
    ['it does not say how long it has', () => Number.NaN, {}],
  ])('it counts on when %s', (_what, left, of) => {
    expect(counted(left, of)).toEqual([1, 1, 1, 1]);
  });
});

test('a slot is told to be unused when its last connection has ended', async () => {
  const clock = new ManualClock();
  const told: number[][] = [];
  let dump = [line('tcp', first, 'ESTABLISHED'), line('udp', second)].join('\n');
  const leaving = new Leaving({
    clock,
    logger: silentLogger,
    dump: () => Promise.resolve(dump),
    onUnused: (slots) => told.push([...slots]),
  });
  const after = async (ms: number): Promise<void> => {
    clock.advance(ms);
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  };
  leaving.update(
    new Map([
      [1, [first]],
      [2, [second]],
      [3, []],
    ]),
  );
  await after(2000);
  expect(told).toEqual([[3]]);
  expect(leaving.connections).toBe(2);
  dump = line('tcp', first, 'TIME_WAIT');
  await after(2000);
  expect(told.at(-1)).toEqual([1, 2, 3]);
  leaving.update(new Map());
  await after(10_000);
  expect(told).toHaveLength(2);
});
