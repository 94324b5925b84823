import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, kubectlJson, runIn } from './support/lab.js';
import { endpoint, otherWorker, servers, worker } from './support/lab-facts.js';
import {
  addressSeen,
  annotate,
  burst,
  createNamespace,
  deleteNamespace,
  podAddresses,
  runPod,
  type PodRef,
} from './support/workloads.js';

const egress = { ipv4: '198.18.0.110', ipv6: '2001:db8:18::110' };
const namespace = 'e2e-egress';
const neighbour = 'e2e-egress-neighbour';
const client: PodRef = { namespace, name: 'client' };
const twin: PodRef = { namespace, name: 'twin' };
const other: PodRef = { namespace: neighbour, name: 'client' };

const targets: [name: string, target: string, expected: string][] = [
  ['IPv4, on-link', servers.ipv4.onLink, egress.ipv4],
  ['IPv4, routed', servers.ipv4.routed, egress.ipv4],
  ['IPv6, on-link', servers.ipv6.onLink, egress.ipv6],
  ['IPv6, routed', servers.ipv6.routed, egress.ipv6],
];

interface AddressList {
  readonly items: readonly {
    readonly spec: { readonly addresses: readonly string[]; readonly claim: { readonly name: string } };
    readonly status?: { readonly holder?: string };
  }[];
}

beforeAll(async () => {
  await createNamespace(neighbour);
  await createNamespace(namespace, `${egress.ipv4},${egress.ipv6}`);
  await Promise.all([
    runPod(client, { node: worker }),
    runPod(twin, { node: otherWorker }),
    runPod(other, { node: worker }),
  ]);
});

afterAll(async () => {
  await Promise.all([deleteNamespace(namespace), deleteNamespace(neighbour)]);
});

describe('an annotated namespace', () => {
  it.each(targets)('leaves with the egress address over TCP and UDP: %s', async (_, target, expected) => {
    expect(await addressSeen(client, endpoint(target, 'udp'))).toBe(expected);
    const tcp = await burst(client, 'tcp', endpoint(target, 'tcp'));
    expect(tcp).toMatchObject({ lost: 0, seen: { [expected]: tcp.sent } });
    expect((await burst(twin, 'udp', endpoint(target, 'udp'))).seen).toEqual({
      [expected]: expect.any(Number),
    });
  });

  it.each(targets)('is answered to ICMP echo: %s', async (_, target) => {
    await eventually('an echo reply', async () => (await burst(client, 'ping', target)).answered > 0);
    expect(await burst(client, 'ping', target)).toMatchObject({ lost: 0 });
  });

  it.each(targets)('is told that a port is unreachable: %s', async (_, target) => {
    const closed = target.includes(':') ? `[${target}]:9` : `${target}:9`;
    const { errors } = await burst(client, 'udp', closed);
    expect(Object.keys(errors).join()).toContain('connection refused');
  });

  it('shows its address, gateway and state to kubectl', async () => {
    const { items } = await kubectlJson<AddressList>('get', 'egressaddresses');
    const [address] = items.filter(({ spec }) => spec.claim.name === namespace);
    expect(address?.spec.addresses).toEqual([egress.ipv4, egress.ipv6]);
    const annotations = await namespaceAnnotations(namespace);
    expect(JSON.parse(annotations['sluice.dev/egress-status'] ?? '[]')).toEqual([
      expect.objectContaining({ address: egress.ipv4, gateway: address?.status?.holder, state: 'Ready' }),
      expect.objectContaining({ address: egress.ipv6, gateway: address?.status?.holder, state: 'Ready' }),
    ]);
  });
});

describe('what has no egress', () => {
  it('another namespace leaves by its node', async () => {
    const seen = await addressSeen(other, endpoint(servers.ipv4.onLink, 'udp'));
    expect(Object.values(egress)).not.toContain(seen);
  });

  it('the node itself leaves by itself', async () => {
    const answer = await runIn(worker, 'curl', '-s', `http://${servers.ipv4.onLink}:8080/clientip`);
    expect(answer).not.toContain(egress.ipv4);
    expect(answer).toMatch(/^\d+\.\d+\.\d+\.\d+:\d+$/);
  });

  it('traffic inside the cluster keeps the address of its Pod', async () => {
    const own = await podAddresses(client);
    for (const address of await podAddresses(twin)) {
      const { seen, lost } = await burst(client, 'tcp', endpoint(address, 'tcp'));
      expect(lost).toBe(0);
      expect(own).toContain(Object.keys(seen)[0]);
    }
  });
});

describe('a family without an address', () => {
  const single = 'e2e-single-family';
  const pod: PodRef = { namespace: single, name: 'client' };

  afterAll(() => deleteNamespace(single));

  it('is blocked, the other works', async () => {
    await createNamespace(single, '198.18.0.111');
    await runPod(pod, { node: worker });
    expect(await addressSeen(pod, endpoint(servers.ipv4.routed, 'udp'))).toBe('198.18.0.111');
    expect(await burst(pod, 'udp', endpoint(servers.ipv6.routed, 'udp'))).toMatchObject({ answered: 0 });
    expect(await burst(pod, 'ping', servers.ipv6.onLink)).toMatchObject({ answered: 0 });
  });
});

describe('an egress from a pool', () => {
  const pooled = 'e2e-pool';
  const pod: PodRef = { namespace: pooled, name: 'client' };

  afterAll(() => deleteNamespace(pooled));

  it('gets a free pair, and gives it back when the annotation goes', async () => {
    await createNamespace(pooled);
    await runPod(pod, { node: otherWorker });
    const before = await addressSeen(pod, endpoint(servers.ipv4.onLink, 'udp'));
    await annotate(pooled, 'pool/default');
    const allocated = await eventually('an allocation', async () => {
      const { items } = await kubectlJson<AddressList>('get', 'egressaddresses');
      return items.find(({ spec }) => spec.claim.name === pooled)?.spec.addresses;
    });
    expect(allocated).toHaveLength(2);
    await eventually('the egress address outside', async () => {
      return (await addressSeen(pod, endpoint(servers.ipv4.onLink, 'udp'))) === allocated[0];
    });
    await annotate(pooled, undefined);
    await eventually('the ordinary way outside', async () => {
      return (await addressSeen(pod, endpoint(servers.ipv4.onLink, 'udp'))) === before;
    });
    await eventually('the address given back', async () => {
      const { items } = await kubectlJson<AddressList>('get', 'egressaddresses');
      return items.every(({ spec }) => spec.claim.name !== pooled);
    });
    expect((await namespaceAnnotations(pooled))['sluice.dev/egress-status']).toBeUndefined();
  });
});

async function namespaceAnnotations(name: string): Promise<Readonly<Record<string, string>>> {
  const found = await kubectlJson<{ metadata: { annotations?: Record<string, string> } }>(
    'get',
    'namespace',
    name,
  );
  return found.metadata.annotations ?? {};
}
