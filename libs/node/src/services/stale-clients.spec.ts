import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ManualClock, silentLogger, systemClock } from '@sluice/core';
import { bridgeName } from '@sluice/datapath';
import { type ServicePort } from '@sluice/model';
import { replayFrame, tcpBits } from '../frames/replay.js';
import { realSwitch, type RealSwitch } from '../switch/testing/real-switch.js';
import { StaleClients } from './stale-clients.js';

const zone = 1;

const portOf = (protocol: ServicePort['protocol'], endpoints: readonly string[]): ServicePort => ({
  ...{ serviceId: 1, key: 'shop/dns:53', protocol, addresses: [] },
  family: endpoints[0]?.includes(':') === true ? 6 : 4,
  endpoints: endpoints.map((address, at) => ({ id: at + 1, address, port: 5353, nodeId: 1 })),
});
const port = (...endpoints: readonly string[]): ServicePort => portOf('UDP', endpoints);
const tcpPort = (...endpoints: readonly string[]): ServicePort => portOf('TCP', endpoints);

async function updated(stale: StaleClients, services: readonly ServicePort[]): Promise<void> {
  stale.update(services);
  await stale.settled();
}

describe('on a real Open vSwitch', () => {
  let there: RealSwitch;
  beforeAll(async () => {
    there = await realSwitch();
  });
  afterAll(() => there.stop());

  async function send(frame: Uint8Array, actions: string): Promise<void> {
    const bridge = `unix:${there.real.managementSocket(bridgeName)}`;
    const packet = Buffer.from(frame).toString('hex');
    await there.real.ofctl(['packet-out', bridge, `in_port=controller,packet=${packet},actions=${actions}`]);
  }

  /** A client's first packet to a service, which went to an endpoint. */
  async function begin(
    protocol: 'tcp' | 'udp',
    [client = '', service = '', endpoint = '']: readonly string[],
  ): Promise<void> {
    const ends = { source: client, destination: service, sourcePort: 4000, destinationPort: 53 };
    const to = endpoint.includes(':') ? `[${endpoint}]` : endpoint;
    await send(
      replayFrame({ protocol, ...ends }, tcpBits.syn),
      `ct(commit,zone=${zone},nat(dst=${to}:5353))`,
    );
  }

  async function answer(endpoint: string, client: string): Promise<void> {
    const ends = { source: endpoint, destination: client, sourcePort: 5353, destinationPort: 4000 };
    await send(replayFrame({ protocol: 'tcp', ...ends }, tcpBits.syn | tcpBits.ack), `ct(zone=${zone},nat)`);
  }

  const answering = async (): Promise<readonly string[]> =>
    [...(await there.ovs.connections(zone)).matchAll(/^(\w+),.*reply=\(src=([^,]+),/gm)].map(
      ([, protocol = '', source = '']) => `${protocol} ${source}`,
    );

  async function until(expected: readonly string[]): Promise<void> {
    while ((await answering()).toSorted().join() !== expected.toSorted().join());
  }

  test('only datagrams to endpoints that are gone are forgotten, of both families', async () => {
    const [four, other, six] = ['10.244.1.5', '10.244.1.6', 'fd00:244:1::5'];
    await begin('udp', ['192.0.2.1', '198.18.0.100', four]);
    await begin('udp', ['192.0.2.2', '198.18.0.100', other]);
    await begin('tcp', ['192.0.2.1', '198.18.0.100', four]);
    await begin('udp', ['2001:db8::1', '2001:db8:18::100', six]);
    await until([`tcp ${four}`, `udp ${four}`, `udp ${other}`, `udp ${six}`]);
    const stale = new StaleClients({ switch: there.ovs, zone, clock: systemClock, logger: silentLogger });
    await updated(stale, [port(four, other), port(six)]);
    expect(await answering()).toHaveLength(4);
    await updated(stale, [port(other), port()]);
    expect((await answering()).toSorted()).toEqual([`tcp ${four}`, `udp ${other}`]);
  });

  test.each([
    ['IPv4', '198.18.0.101', ['10.244.2.5', '10.244.2.6'], ['192.0.2.1', '192.0.2.2', '192.0.2.3']],
    [
      'IPv6',
      '2001:db8:18::101',
      ['fd00:244:2::5', 'fd00:244:2::6'],
      ['2001:db8::1', '2001:db8::2', '2001:db8::3'],
    ],
  ] as const)(
    'only connections that an endpoint that is gone never answered are forgotten, of %s',
    async (_, service, [gone, other], [unanswered, answered, elsewhere]) => {
      await begin('tcp', [unanswered, service, gone]);
      await begin('tcp', [answered, service, gone]);
      await answer(gone, answered);
      await begin('tcp', [elsewhere, service, other]);
      const clients = async (): Promise<readonly string[]> =>
        [
          ...(await there.ovs.connections(zone)).matchAll(
            /^tcp,orig=\(src=([^,]+),dst=([^,]+),.*state=(\w+)/gm,
          ),
        ]
          .filter(([, , to]) => to === service)
          .map(([, client = '', , state = '']) => `${client} ${state}`)
          .toSorted();
      const all = [`${unanswered} SYN_SENT`, `${answered} ESTABLISHED`, `${elsewhere} SYN_SENT`];
      while ((await clients()).join() !== all.toSorted().join());
      const stale = new StaleClients({ switch: there.ovs, zone, clock: systemClock, logger: silentLogger });
      await updated(stale, [tcpPort(gone, other)]);
      await updated(stale, [tcpPort(other)]);
      expect(await clients()).toEqual(all.slice(1).toSorted());
    },
  );
});

/** A line of a dump. */
const entry = (client: string, endpoint: string, state = 'SYN_SENT'): string =>
  `tcp,orig=(src=${client},dst=198.18.0.100,sport=4000,dport=53),reply=(src=${endpoint},dst=${client},sport=5353,dport=4000),zone=1,protoinfo=(state=${state})\n`;

describe('a switch that does not answer', () => {
  test('is asked again', async () => {
    let answers = false;
    const forgotten: string[] = [];
    const orFail = (): Promise<void> => (answers ? Promise.resolve() : Promise.reject(new Error('away')));
    const stale = new StaleClients({
      zone,
      clock: systemClock,
      logger: silentLogger,
      switch: {
        forgetDatagrams: (_zone, { address }) => orFail().then(() => void forgotten.push(address)),
        connections: () => orFail().then(() => entry('192.0.2.1', '10.244.1.6')),
        endConnection: (_zone, { source }) => orFail().then(() => void forgotten.push(source)),
      },
    });
    await updated(stale, [port('10.244.1.5'), tcpPort('10.244.1.6')]);
    await updated(stale, []);
    expect(forgotten).toEqual([]);
    answers = true;
    await updated(stale, []);
    await updated(stale, []);
    expect(forgotten).toEqual(['10.244.1.5', '192.0.2.1']);
  });
});

test('what is told while it waits is looked for together, and a process that ends waits no longer', async () => {
  const clock = new ManualClock();
  let dumps = 0;
  const stale = new StaleClients({
    ...{ zone, clock, logger: silentLogger },
    switch: {
      forgetDatagrams: () => Promise.resolve(),
      connections: () => Promise.resolve(`${(dumps += 1)}`),
      endConnection: () => Promise.resolve(),
    },
  });
  stale.update([tcpPort('10.244.1.5', '10.244.1.6', '10.244.1.7')]);
  stale.update([tcpPort('10.244.1.6', '10.244.1.7')]);
  stale.update([tcpPort('10.244.1.7')]);
  await setImmediate();
  expect(dumps).toBe(0);
  clock.advance(300);
  await stale.settled();
  expect(dumps).toBe(1);
  stale.update([]);
  stale.stop();
  await stale.settled();
  expect(dumps).toBe(1);
});

describe('a SYN on its way', () => {
  const [there, away] = ['10.244.1.5', '10.244.1.6'];

  /** Endpoints there and away are gone; what the switch knows at the first look and at the second. Gives whose SYNs are forgotten. */
  async function forgottenOf(
    dumps: readonly string[],
    meanwhile: (stale: StaleClients) => void = () => undefined,
  ): Promise<readonly string[]> {
    const clock = new ManualClock();
    const forgotten: string[] = [];
    const left = [...dumps];
    const stale = new StaleClients({
      ...{ zone, clock, logger: silentLogger },
      switch: {
        forgetDatagrams: () => Promise.resolve(),
        connections: () => Promise.resolve(left.shift() ?? ''),
        endConnection: (_zone, { source }) => Promise.resolve(void forgotten.push(source)),
      },
    });
    stale.update([tcpPort(there, away)]);
    stale.update([]);
    clock.advance(300);
    await setImmediate();
    meanwhile(stale);
    clock.advance(300);
    await stale.settled();
    expect(left).toEqual([]);
    return forgotten;
  }

  test('is not forgotten when it is answered by the second look', async () => {
    const [early, late] = [entry('192.0.2.1', there), entry('192.0.2.2', there)];
    expect(await forgottenOf([early + late, early])).toEqual(['192.0.2.1']);
    expect(await forgottenOf([early, entry('192.0.2.1', there, 'ESTABLISHED') + late])).toEqual([]);
  });

  test('is not forgotten when its endpoint came back', async () => {
    const both = entry('192.0.2.1', there) + entry('192.0.2.2', away);
    expect(await forgottenOf([both, both], (stale) => stale.update([tcpPort(there)]))).toEqual(['192.0.2.2']);
  });
});

test('datagrams to an endpoint that came back are not forgotten', async () => {
  const [first, second, third] = ['10.244.1.5', '10.244.1.6', '10.244.1.7'];
  const forgotten: string[] = [];
  const stale = new StaleClients({
    ...{ zone, clock: new ManualClock(), logger: silentLogger },
    switch: {
      forgetDatagrams: (_zone, { address }) => setImmediate(void forgotten.push(address)),
      connections: () => Promise.resolve(''),
      endConnection: () => Promise.resolve(),
    },
  });
  stale.update([port(first, second, third)]);
  stale.update([]);
  stale.update([port(first, second)]);
  await stale.settled();
  expect(forgotten).toEqual([first, third]);
});

test('datagrams do not wait until the table is looked at', async () => {
  const forgotten: string[] = [];
  const stale = new StaleClients({
    ...{ zone, clock: new ManualClock(), logger: silentLogger },
    switch: {
      forgetDatagrams: (_zone, { address }) => Promise.resolve(void forgotten.push(address)),
      connections: () => Promise.reject(new Error('not yet')),
      endConnection: () => Promise.resolve(),
    },
  });
  stale.update([tcpPort('10.244.1.5'), port('10.244.1.6')]);
  stale.update([port('10.244.1.6')]);
  stale.update([]);
  await setImmediate();
  expect(forgotten).toEqual(['10.244.1.6']);
  stale.stop();
  await stale.settled();
});
