/** Services on gateways that run no kube-proxy: clients outside, endpoints on the workers. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, kubectl, kubectlJson, runIn } from './support/lab.js';
import { echoPorts, otherWorker, servers, worker } from './support/lab-facts.js';
import {
  answers,
  app,
  clients,
  createService as create,
  families,
  gateways,
  get,
  inUrl,
  nodePortOf,
  podsMet,
  refuses,
  server,
  trafficFromOutside,
} from './support/services.js';
import { createNamespace, deleteNamespace, podAddresses, type Report, runPod } from './support/workloads.js';

const namespace = 'e2e-services';
const createService = (name: string, spec: object): Promise<void> => create({ namespace, name }, spec);

const nodePort = (name: string): Promise<number> => nodePortOf({ namespace, name });

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

describe.each(families)('a node port, %s', (family) => {
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
      const seen = await eventually(`an answer from ${gateway.name}`, async () => {
        const report = await trafficFromOutside('udp', `${inUrl(gateway[family])}:${port}`);
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
      expect(await refuses('outside', `${inUrl(gateway[family])}:${port}/`)).toBe(true);
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

  it.each(families)('are one alone for a client with affinity, by every gateway, %s', async (family) => {
    await createService(`affine-${family}`, { ...app('spread'), sessionAffinity: 'ClientIP' });
    const port = await nodePort(`affine-${family}`);
    const from = Array.from({ length: 20 }, (_, at) => 23_000 + 2 * at);
    const met = new Set<string>();
    for (const gateway of gateways) {
      await answers('outside', `${inUrl(gateway[family])}:${port}/hostname`);
      for (const name of await podsMet(gateway[family], port, from)) met.add(name);
    }
    expect(met.size).toBe(1);
  });

  it.each(families)('get new connections by their weights, %s', async (family) => {
    const port = await nodePort('spread');
    const [gateway] = gateways;
    const from = Array.from({ length: 256 }, (_, at) => 22_000 + 2 * at);
    await kubectl(
      'annotate',
      'service',
      '-n',
      namespace,
      'spread',
      'sluice.dev/weights=spread-1=9,spread-2=1',
    );
    // A tenth of 256 is 26, and four standard deviations are 19.
    await eventually('a tenth for the second one', async () => {
      const met = await podsMet(gateway?.[family] ?? '', port, from);
      const second = met.filter((name) => name === 'spread-2').length;
      return second >= 7 && second <= 45;
    });
    await kubectl('annotate', 'service', '-n', namespace, 'spread', 'sluice.dev/weights-');
  });
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

/** Asks each target in turn from one port until it answers by its own address. */
const askInTurn = `
  const [from, ...targets] = process.argv.slice(1);
  const family = targets[0].includes(':') ? 'udp6' : 'udp4';
  const socket = require('node:dgram').createSocket(family);
  const ask = () => {
    const [host, port] = (targets[0] ?? '').split(' ');
    if (host) socket.send('hello', Number(port), host);
    else process.exit(0);
  };
  socket.on('message', (data, { address, port }) => {
    if (targets[0] === [address, port].join(' ')) targets.shift();
  });
  socket.bind(Number(from), () => setInterval(ask, 50));
  setTimeout(() => { console.error('no answer from', targets[0]); process.exit(1); }, 20_000);
`;

describe('a client that knows the endpoint, too', () => {
  it.each(families)('is answered by the way that it asks, from one port, %s', async (family) => {
    const name = `two-ways-${family}`;
    const pod = await runPod({ namespace, name }, { node: worker, hostNetwork: true });
    await createService(name, { ...app(name), ports: [{ protocol: 'UDP', port: echoPorts.udp }] });
    const addresses = await podAddresses(pod);
    const straight = addresses.find((address) => address.includes(':') === (family === 'ipv6')) ?? '';
    const [gateway] = gateways;
    const ways = [
      `${straight} ${echoPorts.udp}`,
      `${gateway?.[family] ?? ''} ${await nodePort(name)}`,
      `${straight} ${echoPorts.udp}`,
    ];
    // Rejects with the first of them that does not answer.
    await runIn('outside', process.execPath, '-e', askInTurn, '24000', ...ways);
    await kubectl('delete', 'pod', '-n', namespace, name, '--wait=true');
  });
});

const accepts = (target: string): Promise<boolean> =>
  eventually(`${target} to accept`, async () => {
    const { answered } = await trafficFromOutside('connect', target, { for: '20ms' });
    return answered > 0;
  });

describe('a Service at its cap', () => {
  it.each(families)('refuses new connections, keeps those that it has, and tells it, %s', async (family) => {
    const name = `capped-${family}`;
    await createService(name, { ...app('udp'), ports: [{ name: 'tcp', port: echoPorts.tcp }] });
    await kubectl('annotate', 'service', '-n', namespace, name, 'sluice.dev/max-connections=3');
    const [gateway] = gateways;
    const target = `${inUrl(gateway?.[family] ?? '')}:${await nodePort(name)}`;
    const stream = (): Promise<Report> => trafficFromOutside('tcp', target, { every: '100ms', for: '15s' });
    await accepts(target);
    const streams = Promise.all([stream(), stream(), stream()]);
    expect(await refuses('outside', `${target}/`)).toBe(true);
    await eventually('an event', async () => {
      const { items } = await kubectlJson<{ items: readonly { reason: string }[] }>(
        ...['get', 'events', '-n', namespace, '--field-selector', `involvedObject.name=${name}`],
      );
      return items.some(({ reason }) => reason === 'ConnectionsCapped');
    });
    for (const report of await streams) expect(report).toMatchObject({ lost: 0, errors: {} });
    await accepts(target);
  });
});

describe('load balancers in front of the gateways', () => {
  const asked = async (address: string, page: string): Promise<string> => {
    const url = `http://${inUrl(address)}:10256/${page}`;
    return runIn('outside', 'curl', '-s', '-m', '3', '-o', '/dev/null', '-w', '%{http_code}', url);
  };
  const [gateway] = gateways;

  it.each(families)('are told that a gateway takes new clients, %s', async (family) => {
    for (const each of gateways) expect(await asked(each[family], 'healthz')).toBe('200');
  });

  it('are told that one that drains takes none, and lives', async () => {
    const drain = (draining: boolean): Promise<string> =>
      kubectl(
        ...['patch', 'egressgateway', gateway?.name ?? '', '--type=merge'],
        ...['-p', JSON.stringify({ spec: { draining } })],
      );
    const address = gateway?.ipv4 ?? '';
    await drain(true);
    await eventually('no new clients', async () => (await asked(address, 'healthz')) === '503');
    expect(await asked(address, 'livez')).toBe('200');
    await drain(false);
    await eventually('new clients', async () => (await asked(address, 'healthz')) === '200');
  });
});
