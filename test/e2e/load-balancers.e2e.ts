/** LoadBalancer Services on addresses of pools: clients outside, endpoints on the workers. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { apply, eventually, kubectl, kubectlJson, runIn } from './support/lab.js';
import { failNode, repairLab } from './support/faults.js';
import { echoPorts, endpoint, otherWorker, servers, worker } from './support/lab-facts.js';
import {
  addressesOf,
  answers,
  app,
  clients,
  createService,
  families,
  gateways,
  get,
  inUrl,
  isSilent,
  refuses,
  server,
  type ServiceRef,
  trafficFromOutside,
} from './support/services.js';
import { addressSeen, createNamespace, deleteNamespace, runPod } from './support/workloads.js';

const namespace = 'e2e-load-balancers';
const service = (name: string): ServiceRef => ({ namespace, name });

beforeAll(async () => {
  await createNamespace(namespace);
  await runPod({ namespace, name: 'web' }, { node: worker, command: server });
  await runPod({ namespace, name: 'udp' }, { node: otherWorker });
});
afterAll(() => deleteNamespace(namespace));

/** An event about a Service. */
const told = (name: string, reason: string, message: string): Promise<boolean> =>
  eventually(`an event ${reason} about ${name}`, async () => {
    const { items } = await kubectlJson<{
      items: readonly { readonly reason: string; readonly message: string }[];
    }>('get', 'events', '-n', namespace, '--field-selector', `involvedObject.name=${name}`);
    return items.some((event) => event.reason === reason && event.message.includes(message));
  });

const balancer = { type: 'LoadBalancer', loadBalancerClass: 'sluice.dev/gateway' };

describe('a LoadBalancer Service of our class', () => {
  const asked = { ipv4: '198.18.0.121', ipv6: '2001:db8:18::121' };
  beforeAll(async () => {
    await createService(service('balanced'), { ...app('web'), ...balancer });
    await createService(service('echo'), {
      ...app('udp'),
      ...balancer,
      ports: [{ name: 'tcp', port: echoPorts.tcp }],
    });
    await kubectl(
      ...['annotate', 'service', '-n', namespace, 'echo'],
      `sluice.dev/address=${asked.ipv4},${asked.ipv6}`,
    );
  });

  it('gets a pair of the pool, and tells it', async () => {
    const addresses = await addressesOf(service('balanced'), 2);
    const name = (addresses[0] ?? '').replaceAll('.', '-');
    const { spec } = await kubectlJson<{ spec: { claim: object; addresses: readonly string[] } }>(
      ...['get', 'egressaddress', name],
    );
    expect(spec).toMatchObject({ addresses, claim: { kind: 'Service', namespace, name: 'balanced' } });
  });

  it('gets the addresses that it asks for', async () => {
    const wanted = Object.values(asked).join();
    await eventually('them', async () => (await addressesOf(service('echo'), 2)).join() === wanted);
  });

  it.each(families.flatMap((family) => clients.map((client) => [family, client.name, client] as const)))(
    'answers on its ports over %s, and the Pod sees the address of %s',
    async (family, _name, client) => {
      const addresses = await addressesOf(service('balanced'), 2);
      const address = addresses.find((text) => text.includes(':') === (family === 'ipv6')) ?? '';
      const seen = await answers(client.name, `${inUrl(address)}:80/clientip`);
      expect(seen.replace(/:\d+$/, '')).toBe(inUrl(servers[family][client.place]));
      // 28: nobody says anything on another port.
      await expect(get(client.name, `${inUrl(address)}:81/`)).rejects.toMatchObject({ code: 28 });
    },
  );

  it('has a health check node port on every gateway that counts its endpoints', async () => {
    await createService(service('checked'), { ...app('web'), ...balancer, externalTrafficPolicy: 'Local' });
    await createService(service('unchecked'), {
      ...app('nobody'),
      ...balancer,
      externalTrafficPolicy: 'Local',
    });
    const asked = async (name: string): Promise<readonly string[]> => {
      const { spec } = await kubectlJson<{ spec: { healthCheckNodePort: number } }>(
        ...['get', 'service', '-n', namespace, name],
      );
      const write = ['-w', ' %{http_code}'];
      return Promise.all(
        gateways.map((gateway) => {
          const url = `http://${inUrl(gateway.ipv4)}:${spec.healthCheckNodePort}/`;
          return runIn('outside', 'curl', '-s', '-m', '3', ...write, url);
        }),
      );
    };
    const said = (name: string, what: RegExp): Promise<unknown> =>
      eventually(`both gateways to say so of ${name}`, async () => {
        const answers = await asked(name).catch(() => []);
        return answers.length === 2 && answers.every((answer) => what.test(answer));
      });
    await said('checked', /"localEndpoints":1.* 200$/s);
    await said('unchecked', /"localEndpoints":0.* 503$/s);
  });

  it('without endpoints refuses', async () => {
    await createService(service('empty'), { ...app('nobody'), ...balancer });
    for (const address of await addressesOf(service('empty'), 2))
      expect(await refuses('outside', `${inUrl(address)}:80/`)).toBe(true);
  });

  it('keeps its connections when the gateway dies that carries it', async () => {
    await eventually('the address', async () => (await addressesOf(service('echo'), 2)).includes(asked.ipv4));
    const streams = Object.values(asked).map((address) =>
      trafficFromOutside('tcp', `${inUrl(address)}:${echoPorts.tcp}`, { for: '10s' }),
    );
    const holder = await eventually('a holder', async () => {
      const { status } = await kubectlJson<{ status?: { holder?: string } }>(
        ...['get', 'egressaddress', asked.ipv4.replaceAll('.', '-')],
      );
      return status?.holder;
    });
    await failNode(holder, 'ovs', 'die');
    for (const report of await Promise.all(streams)) {
      expect(report).toMatchObject({ lost: 0, errors: {} });
      expect(report.answered).toBeGreaterThan(300);
    }
    await repairLab();
  });

  it('says what is wrong with what it asks for, and keeps what it has', async () => {
    const before = await addressesOf(service('balanced'), 2);
    await kubectl('annotate', 'service', '-n', namespace, 'balanced', 'sluice.dev/address=192.0.2.1');
    await told('balanced', 'AddressNotInPool', '192.0.2.1 is not in any EgressPool');
    expect(await addressesOf(service('balanced'), 2)).toEqual(before);
    await kubectl('annotate', 'service', '-n', namespace, 'balanced', 'sluice.dev/address-');
  });

  it('gives its addresses back when it is deleted', async () => {
    const [address = ''] = await addressesOf(service('balanced'), 2);
    await kubectl('delete', 'service', '-n', namespace, 'balanced');
    await eventually('the address to be free', async () => {
      const { items } = await kubectlJson<{ items: readonly { spec: { addresses: readonly string[] } }[] }>(
        ...['get', 'egressaddresses'],
      );
      return items.every(({ spec }) => !spec.addresses.includes(address));
    });
    await isSilent('outside', `${address}:80/`);
  });
});

describe('Services with one sharing key', () => {
  const shared = { 'sluice.dev/shared-address': 'front' };
  const echo = (port: number) => ({
    ...app('udp'),
    ...balancer,
    ports: [{ name: 'tcp', port, targetPort: echoPorts.tcp }],
  });

  it('answer on the same addresses, each on its own ports', async () => {
    await createService(service('front'), { ...app('web'), ...balancer }, shared);
    await createService(service('back'), echo(7), shared);
    const addresses = await addressesOf(service('front'), 2);
    expect(await addressesOf(service('back'), 2)).toEqual(addresses);
    for (const address of addresses) {
      await answers('outside', `${inUrl(address)}:80/hostname`);
      await eventually(`an echo from ${address}`, async () => {
        const report = await trafficFromOutside('tcp', `${inUrl(address)}:7`);
        return report.answered > 0 && report.lost === 0;
      });
    }
  });

  it('whose port is taken get addresses of their own', async () => {
    await createService(service('rival'), { ...app('web'), ...balancer }, shared);
    const addresses = await addressesOf(service('front'), 2);
    for (const address of await addressesOf(service('rival'), 2)) expect(addresses).not.toContain(address);
  });

  it('keep them when the first one goes', async () => {
    const addresses = await addressesOf(service('front'), 2);
    await kubectl('delete', 'service', '-n', namespace, 'front');
    const name = (addresses[0] ?? '').replaceAll('.', '-');
    await eventually('the address to be of the other one', async () => {
      const { spec } = await kubectlJson<{ spec: { claim: { name: string } } }>('get', 'egressaddress', name);
      return spec.claim.name === 'back';
    });
    expect(await addressesOf(service('back'), 2)).toEqual(addresses);
  });
});

describe('Pods of a Service with sluice.dev/egress: service', () => {
  it.each(families)('leave with the address on which they are reached, %s', async (family) => {
    const pod = await runPod({ namespace, name: `twoway-${family}` }, { node: worker });
    await createService(
      service(`twoway-${family}`),
      {
        ...app(`twoway-${family}`),
        ...balancer,
        ports: [{ name: 'tcp', port: echoPorts.tcp }],
      },
      { 'sluice.dev/egress': 'service' },
    );
    const addresses = await addressesOf(service(`twoway-${family}`), 2);
    const own = addresses.find((text) => text.includes(':') === (family === 'ipv6')) ?? '';
    for (const target of Object.values(servers[family]))
      await eventually(
        `${own} to be seen`,
        async () => (await addressSeen(pod, endpoint(target, 'udp'))) === own,
      );
    const report = await trafficFromOutside('tcp', `${inUrl(own)}:${echoPorts.tcp}`);
    expect(report).toMatchObject({ lost: 0, seen: { [servers[family].onLink]: report.sent } });
  });
});

describe('a pool that says who may take how much', () => {
  const pool = 'e2e-for-some';
  const fromPool = { 'sluice.dev/pool': pool };
  const take = (name: string): Promise<void> =>
    createService(service(name), { ...app('web'), ...balancer }, fromPool);

  beforeAll(async () => {
    const spec = {
      ranges: [{ cidr: '198.18.0.160/28' }, { cidr: '2001:db8:18::a00/124' }],
      uplink: { nextHops: ['198.18.0.1', '2001:db8:18::1'] },
      allowedNamespaces: { matchLabels: { 'e2e.example/may': 'yes' } },
      quota: { addressesPerNamespace: 1 },
    };
    const object = { apiVersion: 'sluice.dev/v1alpha1', kind: 'EgressPool', metadata: { name: pool }, spec };
    await apply(JSON.stringify(object));
  });
  afterAll(async () => {
    await kubectl('delete', 'service', '-n', namespace, 'first', 'second', '--ignore-not-found');
    await kubectl('delete', 'egresspool', pool);
  });

  it('is refused to other namespaces by the API server', async () => {
    await eventually('the API server to refuse', () =>
      take('first').then(
        async () => {
          // Its policies see a new pool a moment late.
          await kubectl('delete', 'service', '-n', namespace, 'first');
          return false;
        },
        (error: unknown) => String(error).includes(`EgressPool ${pool} is not for this namespace`),
      ),
    );
  });

  it('gives a namespace that may as much as its quota, and says so', async () => {
    await kubectl('label', 'namespace', namespace, 'e2e.example/may=yes');
    await eventually('the API server to accept', () =>
      take('first').then(
        () => true,
        () => false,
      ),
    );
    for (const address of await addressesOf(service('first'), 2))
      await answers('outside', `${inUrl(address)}:80/hostname`);
    await take('second');
    await told('second', 'QuotaExceeded', `has 1 of 1 allocations of EgressPool ${pool}`);
    expect(await addressesOf(service('second'), 0)).toEqual([]);
    await kubectl('delete', 'service', '-n', namespace, 'first');
    await addressesOf(service('second'), 2);
  });
});
