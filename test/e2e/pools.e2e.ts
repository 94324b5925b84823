/** Pools whose addresses lie outside the uplink's own networks: the router has theirs as secondary ones on the link. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { apply, kubectl, lab } from './support/lab.js';
import { endpoint, servers, worker } from './support/lab-facts.js';
import {
  addressSeen,
  createNamespace,
  deleteNamespace,
  type PodRef,
  runPod,
  stream,
} from './support/workloads.js';

const secondary = ['192.0.2.1/24', '2001:db8:92::1/64'];
const onRouter = (verb: 'replace' | 'del') =>
  Promise.all(
    secondary.map((address) => lab('exec', 'router', '--', 'ip', 'addr', verb, address, 'dev', 'e0')),
  );

const pools = [
  {
    name: 'e2e-other-next-hop',
    what: 'by a next hop in the network of the uplink',
    nextHops: ['198.18.0.1', '2001:db8:18::1'],
    addresses: { ipv4: '192.0.2.20', ipv6: '2001:db8:92::120' },
    ranges: [{ cidr: '192.0.2.16/28' }, { cidr: '2001:db8:92::120/124' }],
  },
  {
    name: 'e2e-own-next-hop',
    what: 'by a next hop in their own network',
    nextHops: ['192.0.2.1', '2001:db8:92::1'],
    addresses: { ipv4: '192.0.2.40', ipv6: '2001:db8:92::140' },
    ranges: [{ cidr: '192.0.2.32/28' }, { cidr: '2001:db8:92::140/124' }],
  },
];

beforeAll(() => onRouter('replace'));

afterAll(async () => {
  for (const { name } of pools) {
    await deleteNamespace(name);
    await kubectl('delete', 'egresspool', name, '--ignore-not-found');
  }
  await onRouter('del');
});

describe('addresses outside the networks of the uplink', () => {
  it.each(pools)('leave $what, to neighbours and beyond', async ({ name, nextHops, addresses, ranges }) => {
    const spec = { ranges, uplink: { nextHops, prefixLengths: [24, 64] } };
    await apply(
      JSON.stringify({ apiVersion: 'sluice.dev/v1alpha1', kind: 'EgressPool', metadata: { name }, spec }),
    );
    await createNamespace(name, `${addresses.ipv4},${addresses.ipv6}`);
    const client: PodRef = { namespace: name, name: 'client' };
    await runPod(client, { node: worker });
    for (const family of ['ipv4', 'ipv6'] as const) {
      for (const server of [servers[family].routed, servers[family].onLink]) {
        expect(await addressSeen(client, endpoint(server, 'udp'))).toBe(addresses[family]);
        const connections = await stream(client, 'connect', endpoint(server, 'tcp'), '20ms');
        const pings = await stream(client, 'ping', server, '20ms');
        expect(await addressSeen(client, endpoint(server, 'udp'))).toBe(addresses[family]);
        const unharmed = { lost: 0, errors: {} };
        expect(await connections.stop()).toMatchObject({
          ...unharmed,
          seen: { [addresses[family]]: expect.anything() },
        });
        expect(await pings.stop()).toMatchObject(unharmed);
      }
    }
  });
});
