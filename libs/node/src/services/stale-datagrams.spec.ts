import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { silentLogger } from '@sluice/core';
import { bridgeName } from '@sluice/datapath';
import { type ServicePort } from '@sluice/model';
import { replayFrame } from '../frames/replay.js';
import { realSwitch, type RealSwitch } from '../switch/testing/real-switch.js';
import { StaleDatagrams } from './stale-datagrams.js';

const zone = 1;

const port = (...endpoints: readonly string[]): ServicePort => ({
  ...{ serviceId: 1, key: 'shop/dns:53', protocol: 'UDP', addresses: [] },
  family: endpoints[0]?.includes(':') === true ? 6 : 4,
  endpoints: endpoints.map((address, at) => ({ id: at + 1, address, port: 5353, nodeId: 1 })),
});

async function updated(stale: StaleDatagrams, services: readonly ServicePort[]): Promise<void> {
  stale.update(services);
  await stale.settled();
}

describe('on a real Open vSwitch', () => {
  let there: RealSwitch;
  beforeAll(async () => {
    there = await realSwitch();
  });
  afterAll(() => there.stop());

  /** A client's datagram to a service, which went to an endpoint. */
  async function begin(
    protocol: 'tcp' | 'udp',
    [client, service, endpoint]: readonly string[],
  ): Promise<void> {
    const ends = { source: client ?? '', destination: service ?? '', sourcePort: 4000, destinationPort: 53 };
    const frame = Buffer.from(replayFrame({ protocol, ...ends })).toString('hex');
    const to = endpoint?.includes(':') === true ? `[${endpoint}]` : (endpoint ?? '');
    const nat = `ct(commit,zone=${zone},nat(dst=${to}:5353))`;
    const bridge = `unix:${there.real.managementSocket(bridgeName)}`;
    await there.real.ofctl(['packet-out', bridge, `in_port=controller,packet=${frame},actions=${nat}`]);
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
    const stale = new StaleDatagrams({ switch: there.ovs, zone, logger: silentLogger });
    await updated(stale, [port(four, other), port(six)]);
    expect(await answering()).toHaveLength(4);
    await updated(stale, [port(other), port()]);
    expect((await answering()).toSorted()).toEqual([`tcp ${four}`, `udp ${other}`]);
  });
});

describe('a switch that does not answer', () => {
  test('is asked again', async () => {
    let answers = false;
    const forgotten: string[] = [];
    const stale = new StaleDatagrams({
      zone,
      logger: silentLogger,
      switch: {
        forgetDatagrams: (_zone, { address }) => {
          if (!answers) return Promise.reject(new Error('away'));
          forgotten.push(address);
          return Promise.resolve();
        },
      },
    });
    await updated(stale, [port('10.244.1.5')]);
    await updated(stale, []);
    expect(forgotten).toEqual([]);
    answers = true;
    await updated(stale, []);
    await updated(stale, []);
    expect(forgotten).toEqual(['10.244.1.5']);
  });
});
