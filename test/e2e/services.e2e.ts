/** Services on gateways that run no kube-proxy: clients outside, endpoints on the workers. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existingLab, nodeOf, programPath } from '@sluice/lab';
import { apply, eventually, kubectl, kubectlJson, labName, runIn } from './support/lab.js';
import { failNode, repairLab } from './support/faults.js';
import { echoPorts, otherWorker, servers, worker } from './support/lab-facts.js';
import { createNamespace, deleteNamespace, type Report, runPod } from './support/workloads.js';

const namespace = 'e2e-services';
const httpPort = 8080;
const families = ['ipv4', 'ipv6'] as const;
type Family = (typeof families)[number];

/** Own addresses of the gateways on the uplink. */
const gateways = ['gateway-1', 'gateway-2'].map((name) => {
  const { uplink } = nodeOf(existingLab(labName), name);
  if (uplink === undefined) throw new Error(`${name} has no uplink`);
  return { name, ...uplink };
});
/** Hosts outside: a neighbour of the gateways, and one behind the router. */
const clients = [
  { name: 'outside', place: 'onLink' },
  { name: 'routed', place: 'routed' },
] as const;

const inUrl = (address: string): string => (address.includes(':') ? `[${address}]` : address);

/** What the server says; rejects when nobody does. */
const get = (host: string, target: string): Promise<string> =>
  runIn(host, 'curl', '-s', '-m', '3', `http://${target}`);

/** Asks from each of these ports, and resets the connection, so that the port is free again at once. */
const askFromPorts = `
  const { connect } = require('node:net');
  const [host, port, ...from] = process.argv.slice(1);
  const ask = (localPort) => new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port), localPort: Number(localPort) }).on('error', reject);
    socket.write('GET /hostname HTTP/1.0\\r\\n\\r\\n');
    socket.once('data', (data) => {
      socket.resetAndDestroy();
      resolve(String(data).split('\\r\\n\\r\\n')[1]);
    });
  });
  (async () => {
    const names = [];
    for (const localPort of from) names.push(await ask(localPort));
    console.log(JSON.stringify(names));
  })();
`;

/** Names of the Pods that a neighbour of the gateways meets from these ports, in their order. */
async function podsMet(address: string, port: number, from: readonly number[]): Promise<readonly string[]> {
  const asked = [address, port, ...from].map(String);
  return JSON.parse(await runIn('outside', process.execPath, '-e', askFromPorts, ...asked)) as string[];
}

async function nodePort(name: string): Promise<number> {
  const { spec } = await kubectlJson<{ spec: { ports: readonly { nodePort: number }[] } }>(
    ...['get', 'service', '-n', namespace, name],
  );
  return spec.ports[0]?.nodePort ?? 0;
}

async function createService(name: string, spec: object): Promise<void> {
  const metadata = { namespace, name };
  const ports = [{ name: 'http', port: 80, targetPort: httpPort }];
  const common = { type: 'NodePort', ipFamilyPolicy: 'RequireDualStack', ports };
  await apply(JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata, spec: { ...common, ...spec } }));
}

const server = ['agnhost', 'netexec', `--http-port=${httpPort}`, '--udp-port=8081'];
const app = (name: string) => ({ selector: { app: name } });

beforeAll(async () => {
  await createNamespace(namespace);
  await runPod({ namespace, name: 'web' }, { node: worker, command: server });
  await createService('web', app('web'));
  await createService('nobody', app('nobody'));
  await runPod({ namespace, name: 'udp' }, { node: otherWorker });
  await createService('udp', { ...app('udp'), ports: [{ protocol: 'UDP', port: echoPorts.udp }] });
  await createService('limited', {
    ...app('web'),
    type: 'LoadBalancer',
    loadBalancerClass: 'e2e.example/nobody',
    loadBalancerSourceRanges: ['198.18.0.0/24', '2001:db8:18::/64'],
  });
});
afterAll(() => deleteNamespace(namespace));

const answers = (host: string, target: string): Promise<string> =>
  eventually(`an answer from ${target}`, () => get(host, target).catch(() => undefined));

describe.each(families)('a node port, %s', (family: Family) => {
  it.each(clients)('answers on every gateway, and the Pod sees the address of $name', async (client) => {
    const port = await nodePort('web');
    for (const gateway of gateways) {
      const seen = await answers(client.name, `${inUrl(gateway[family])}:${port}/clientip`);
      expect(seen.replace(/:\d+$/, '')).toBe(inUrl(servers[family][client.place]));
    }
  });

  it('keeps the address of UDP clients, too', async () => {
    const port = await nodePort('udp');
    for (const gateway of gateways) {
      const command = ['udp', `${inUrl(gateway[family])}:${port}`, '--every', '20ms', '--for', '200ms'];
      const seen = await eventually(`an answer from ${gateway.name}`, async () => {
        const report = JSON.parse(await runIn('outside', programPath('traffic'), ...command)) as Report;
        return Object.keys(report.seen).length > 0 ? report.seen : undefined;
      });
      expect(Object.keys(seen)).toEqual([servers[family].onLink]);
    }
  });

  it('is there for clients inside the source ranges alone', async () => {
    const port = await nodePort('limited');
    for (const gateway of gateways) {
      const target = `${inUrl(gateway[family])}:${port}/clientip`;
      await answers('outside', target);
      // 28: no answer at all.
      await expect(get('routed', target)).rejects.toMatchObject({ code: 28 });
    }
  });

  it('of a service without endpoints refuses', async () => {
    const port = await nodePort('nobody');
    for (const gateway of gateways)
      await eventually(`${gateway.name} to refuse`, () =>
        get('outside', `${inUrl(gateway[family])}:${port}/`).then(
          () => false,
          // CURLE_COULDNT_CONNECT at once; 28 would be its own patience.
          (error: unknown) => (error as { code?: number }).code === 7,
        ),
      );
  });
});

describe('several endpoints', () => {
  const both = ['spread-1', 'spread-2'];
  beforeAll(async () => {
    for (const [at, name] of both.entries()) {
      await runPod({ namespace, name }, { node: at === 0 ? worker : otherWorker, command: server });
      await kubectl('label', 'pod', '-n', namespace, name, 'app=spread', '--overwrite');
    }
    await createService('spread', app('spread'));
  });

  it.each(families)(
    'share the connections, and a client gets the same one by every gateway, %s',
    async (family) => {
      const port = await nodePort('spread');
      // Below those that the kernel gives to others.
      const from = Array.from({ length: 40 }, (_, at) => 21_000 + 2 * at);
      const met: (readonly string[])[] = [];
      for (const gateway of gateways) {
        await answers('outside', `${inUrl(gateway[family])}:${port}/hostname`);
        met.push(await podsMet(gateway[family], port, from));
      }
      const [first = [], second = []] = met;
      expect(second).toEqual(first);
      expect([...new Set(first)].sort()).toEqual(both);
    },
  );
});

/** From one socket, until another Pod answers; prints both names. */
const untilAnotherPod = `
  const [host, port] = process.argv.slice(1);
  const socket = require('node:dgram').createSocket(host.includes(':') ? 'udp6' : 'udp4');
  let first;
  socket.on('message', (data) => {
    first ??= String(data);
    if (String(data) === first) return;
    console.log(first, String(data));
    process.exit(0);
  });
  setInterval(() => socket.send('hostname', Number(port), host), 50);
`;

describe('a UDP client whose endpoint goes', () => {
  it.each(families)('meets another one, %s', async (family) => {
    const [gateway] = gateways;
    const names = [`moving-${family}-1`, `moving-${family}-2`] as const;
    await createService(`moving-${family}`, {
      ...app(`moving-${family}`),
      ports: [{ protocol: 'UDP', port: 8081 }],
    });
    const start = async (name: string, node: string): Promise<void> => {
      await runPod({ namespace, name }, { node, command: server });
      await kubectl('label', 'pod', '-n', namespace, name, `app=moving-${family}`, '--overwrite');
    };
    await start(names[0], worker);
    const target = [gateway?.[family] ?? '', String(await nodePort(`moving-${family}`))];
    const met = runIn('outside', process.execPath, '-e', untilAnotherPod, ...target);
    await start(names[1], otherWorker);
    await kubectl('delete', 'pod', '-n', namespace, names[0], '--wait=false');
    expect((await met).trim()).toBe(names.join(' '));
  });
});

const balancer = { type: 'LoadBalancer', loadBalancerClass: 'sluice.dev/gateway' };

interface Balanced {
  readonly metadata: { readonly uid: string };
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip: string }[] } };
}

/** Of a Service, once its status says so: of one family, or of both. */
const addressesOf = (name: string, count: number): Promise<readonly string[]> =>
  eventually(`${name} to have ${count} addresses`, async () => {
    const { status } = await kubectlJson<Balanced>('get', 'service', '-n', namespace, name);
    const ips = (status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip);
    return ips.length === count ? ips : undefined;
  });

describe('a LoadBalancer Service of our class', () => {
  const asked = { ipv4: '198.18.0.118', ipv6: '2001:db8:18::118' };
  beforeAll(async () => {
    await createService('balanced', { ...app('web'), ...balancer });
    await createService('echo', {
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
    const addresses = await addressesOf('balanced', 2);
    const name = (addresses[0] ?? '').replaceAll('.', '-');
    const { spec } = await kubectlJson<{ spec: { claim: object; addresses: readonly string[] } }>(
      ...['get', 'egressaddress', name],
    );
    expect(spec).toMatchObject({ addresses, claim: { kind: 'Service', namespace, name: 'balanced' } });
  });

  it('gets the addresses that it asks for', async () => {
    const wanted = Object.values(asked).join();
    await eventually('them', async () => (await addressesOf('echo', 2)).join() === wanted);
  });

  it.each(families.flatMap((family) => clients.map((client) => [family, client.name, client] as const)))(
    'answers on its ports over %s, and the Pod sees the address of %s',
    async (family, _name, client) => {
      const addresses = await addressesOf('balanced', 2);
      const address = addresses.find((text) => text.includes(':') === (family === 'ipv6')) ?? '';
      const seen = await answers(client.name, `${inUrl(address)}:80/clientip`);
      expect(seen.replace(/:\d+$/, '')).toBe(inUrl(servers[family][client.place]));
      // 28: nobody says anything on another port.
      await expect(get(client.name, `${inUrl(address)}:81/`)).rejects.toMatchObject({ code: 28 });
    },
  );

  it('has a health check node port on every gateway that counts its endpoints', async () => {
    await createService('checked', { ...app('web'), ...balancer, externalTrafficPolicy: 'Local' });
    await createService('unchecked', { ...app('nobody'), ...balancer, externalTrafficPolicy: 'Local' });
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
    await eventually('both gateways to count one', async () => {
      const said = await asked('checked').catch(() => []);
      return said.length === 2 && said.every((answer) => /"localEndpoints":1.* 200$/s.test(answer));
    });
    for (const answer of await asked('unchecked')) expect(answer).toMatch(/"localEndpoints":0.* 503$/s);
  });

  it('without endpoints refuses', async () => {
    await createService('empty', { ...app('nobody'), ...balancer });
    for (const address of await addressesOf('empty', 2))
      await eventually(`${address} to refuse`, () =>
        get('outside', `${inUrl(address)}:80/`).then(
          () => false,
          (error: unknown) => (error as { code?: number }).code === 7,
        ),
      );
  });

  it('keeps its connections when the gateway dies that carries it', async () => {
    await eventually('the address', async () => (await addressesOf('echo', 2)).includes(asked.ipv4));
    const streams = Object.values(asked).map(async (address) => {
      const command = ['tcp', `${inUrl(address)}:${echoPorts.tcp}`, '--every', '20ms', '--for', '10s'];
      return JSON.parse(await runIn('outside', programPath('traffic'), ...command)) as Report;
    });
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
    const before = await addressesOf('balanced', 2);
    const since = Date.now();
    await kubectl('annotate', 'service', '-n', namespace, 'balanced', 'sluice.dev/address=192.0.2.1');
    await eventually('an event', async () => {
      const { items } = await kubectlJson<{
        items: readonly { reason: string; message: string; eventTime: string }[];
      }>('get', 'events', '-n', namespace, '--field-selector', 'involvedObject.name=balanced');
      return items.some(
        ({ reason, message, eventTime }) =>
          reason === 'AddressNotInPool' &&
          message.includes('192.0.2.1 is not in any EgressPool') &&
          Date.parse(eventTime) >= since,
      );
    });
    expect(await addressesOf('balanced', 2)).toEqual(before);
    await kubectl('annotate', 'service', '-n', namespace, 'balanced', 'sluice.dev/address-');
  });

  it('gives its addresses back when it is deleted', async () => {
    const [address = ''] = await addressesOf('balanced', 2);
    await kubectl('delete', 'service', '-n', namespace, 'balanced');
    await eventually('the address to be free', async () => {
      const { items } = await kubectlJson<{ items: readonly { spec: { addresses: readonly string[] } }[] }>(
        ...['get', 'egressaddresses'],
      );
      return items.every(({ spec }) => !spec.addresses.includes(address));
    });
    await expect(get('outside', `${address}:80/`)).rejects.toThrow();
  });
});
