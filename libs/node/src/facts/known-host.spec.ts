import { describe, expect, test } from '@jest/globals';
import { type World } from '@sluice/model';
import { type NetworkEvent } from '@sluice/netlink';
import { type HostFacts } from './host-facts.js';
import { KnownHost } from './known-host.js';

const nothing = {
  ...{ nodes: [], namespaces: [], serviceCidrs: [], services: [], endpointSlices: [], pools: [] },
  ...{ addresses: [], leases: [] },
};

const world = (uplinkInterface = 'eth1'): World => ({
  ...nothing,
  pods: [
    { metadata: { name: 'web', namespace: 'shop', uid: '1' }, status: { podIPs: [{ ip: '10.244.1.5' }] } },
  ],
  gateways: [
    {
      metadata: { name: 'gw' },
      spec: { nodeName: 'gw', uplinkInterface, capacity: 1, draining: false },
    },
  ],
});

const uplinkOf = ({ gateways }: World) => ({
  interface: gateways[0]?.spec.uplinkInterface ?? '',
  ...{ mac: '02:5c:18:00:00:03', addresses: ['198.18.0.3/24'], mtu: 1500 },
});

const underlay: HostFacts['underlay'] = {
  ...{ interface: 'eth0', mac: '02:5c:0a:00:00:03', mtu: 1450, address: '10.0.0.3', family: 4 },
};

function knownHost(agent = true) {
  const read = { host: 0, routes: 0 };
  const host = new KnownHost({
    nodeName: 'gw',
    roles: { agent, gateway: true },
    clusterCidrs: ['10.244.0.0/16'],
    network: {
      routes: ({ family, table }) => {
        read.routes++;
        const route = { family, table, onlink: false, metric: 0, protocol: 4, multipath: false };
        return Promise.resolve([{ ...route, kind: 'unicast', destination: '10.244.1.5/32', dev: 'veth1' }]);
      },
    },
    hostFacts: {
      read: (of) => {
        read.host++;
        return Promise.resolve({ underlay, uplink: uplinkOf(of), nics: [] });
      },
    },
  });
  return { host, read };
}

test.each<readonly [string, NetworkEvent, number]>([
  ['a link of its own', { kind: 'link', dev: 'eth0' }, 2],
  ['a link of somebody else', { kind: 'link', dev: 'veth1' }, 1],
  ['a rule', { kind: 'rule' }, 2],
  ['everything, perhaps', { kind: 'resync' }, 2],
])('is read once, and again after a change of %s', async (_, event, times) => {
  const { host, read } = knownHost();
  const first = await host.read(world());
  expect(await host.read(world())).toBe(first);
  host.changed(event);
  await host.read(world());
  expect(read.host).toBe(times);
});

test('is read again when an admin names another uplink', async () => {
  const { host } = knownHost();
  await host.read(world());
  expect((await host.read(world('eth2'))).uplink?.interface).toBe('eth2');
});

describe('the interfaces of Pods', () => {
  test('are of the routes, which are read again when one changes', async () => {
    const { host, read } = knownHost();
    const known = await host.read(world());
    const { podInterfaces, uplink, underlayMtu } = await host.facts(world(), known);
    expect([...podInterfaces]).toEqual([['10.244.1.5', 'veth1']]);
    expect([uplink?.interface, underlayMtu]).toEqual(['eth1', 1450]);
    host.changed({ kind: 'address', dev: 'veth1' });
    await host.facts(world(), known);
    expect(read.routes).toBe(2);
    host.changed({ kind: 'route', dev: 'veth1' });
    await host.facts(world(), known);
    expect(read.routes).toBe(4);
  });

  test('are not looked for on a node without an agent', async () => {
    const { host, read } = knownHost(false);
    const { podInterfaces } = await host.facts(world(), await host.read(world()));
    expect([podInterfaces.size, read.routes]).toEqual([0, 0]);
  });
});
