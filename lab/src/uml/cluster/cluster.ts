/**
 * A small cluster with the kernel datapath, in a kernel of its own (`lab uml`): Sluice's own processes, Open vSwitch,
 * a real API server beside the kernel, and no kubelet, so Nodes and the Pod are written by hand.
 *
 *      outside ── uplink ── gateway-1 ── underlay ── worker-1 ── pod
 *     198.18.0.10        198.18.0.3  172.31.0.101  172.31.0.1   10.244.1.5
 *                       └ gateway-2 ┘
 *                        198.18.0.4  172.31.0.102
 *
 * Uplink and Pod have both families: 2001:db8:18::10, ::3, ::4, and fd00:244:0:1::5.
 */
import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  crdObjects,
  type CustomResourceDefinition,
  customResourceDefinitions,
  egressPools,
  endpointSlices,
  KubeClient,
  loadClusterConfig,
  namespaces,
  nodes,
  pods,
  services,
} from '@sluice/kube';
import { RealRedis } from '../../../../libs/coordination/src/testing/real-redis.js';
import { run, until } from '../../command.js';
import { ipBatch } from '../../namespaces.js';
import { type Family, type Pair, statusPorts } from '../../plan.js';
import { besideAddress, laneDevice } from '../beside.js';
import { startApiServer } from './api-server.js';
import { Host, type Link, makeBridge } from './host.js';
import {
  endpoints,
  nodeObject,
  type NodeFacts,
  nodeStatus,
  podAddresses,
  podCidrs,
  podObject,
  podStatus,
  pool,
  service,
} from './objects.js';
import { type SluiceSettings, startProcess, startSwitch } from './sluice-node.js';

export const families: readonly Family[] = ['ipv4', 'ipv6'];
/** Of a host on the uplink. */
const onUplink = (number: number): Pair => ({
  ipv4: `198.18.0.${String(number)}`,
  ipv6: `2001:db8:18::${String(number)}`,
});
export const outsideAddresses = onUplink(10);
/** Of the first gateway. */
export const gatewayAddresses = onUplink(3);
const workerUnderlay = '172.31.0.1';
/** Of the root namespace: Redis, and who runs the cluster. */
const rootAddress = '10.89.0.1';
/** What a packet may be long so that a tunnel takes it, with either kind of header. */
const podMtu = 1400;
/** Where the Pod sends everything. */
const resolvers: Pair = { ipv4: '169.254.1.1', ipv6: 'fd00:169::1' };

const on =
  (bridge: string, device: string) =>
  (address: string): Link => ({ bridge, device, addresses: [`${address}/24`] });
const uplink = ({ ipv4, ipv6 }: Pair): Link => ({
  ...{ bridge: 'uplink', device: 'e0' },
  addresses: [`${ipv4}/24`, `${ipv6}/64`],
});
const underlay = on('underlay', 'u0');
const management = on('management', 'm0');

/** Of the gateway with this number, from 1. */
const gatewayLinks = (number: number) => ({
  uplink: onUplink(2 + number),
  underlay: `172.31.0.${String(100 + number)}`,
  management: `10.89.0.${String(100 + number)}`,
});

interface Hosts {
  readonly control: Host;
  readonly outside: Host;
  readonly gateways: readonly Host[];
  readonly worker: Host;
  readonly pod: Host;
}

interface Parts {
  readonly directory: string;
  readonly redis: RealRedis | undefined;
  readonly client: KubeClient;
  readonly hosts: Hosts;
  readonly settings: SluiceSettings;
}

export class KernelCluster {
  private others: readonly Host[] = [];
  private readonly processes = new Map<Host, ChildProcess>();

  private constructor(private readonly parts: Parts) {}

  /** Several gateways have Redis, too: their slots move. */
  static async start({ gateways: count = 1 } = {}): Promise<KernelCluster> {
    const directory = mkdtempSync(join(tmpdir(), 'cluster-'));
    await makeBridge('management', `${rootAddress}/24`);
    await ipBatch(undefined, [`link set ${laneDevice} master management up`]);
    await makeBridge('uplink');
    await makeBridge('underlay');
    const make = (name: string, ...links: readonly Link[]) => Host.make(name, directory, links);
    const hosts = {
      control: await make('control', management('10.89.0.12')),
      outside: await make('outside', uplink(outsideAddresses)),
      gateways: await Promise.all(
        Array.from({ length: count }, (_, index) => {
          const at = gatewayLinks(index + 1);
          const links = [uplink(at.uplink), underlay(at.underlay), management(at.management)];
          return make(`gateway-${String(index + 1)}`, ...links);
        }),
      ),
      worker: await make('worker-1', underlay(workerUnderlay), management('10.89.0.11')),
      pod: await make('pod'),
    };
    await linkPod(hosts);
    for (const gateway of hosts.gateways)
      await gateway.ip(
        `route add default via ${outsideAddresses.ipv4}`,
        `route add default via ${outsideAddresses.ipv6}`,
      );
    // Of IPv4 alone: IPv6 has no way out of the worker but by the gateways.
    await hosts.worker.ip(`route add default via ${rootAddress}`);
    const kubeconfig = await startApiServer();
    const client = new KubeClient(await loadClusterConfig({ kubeconfig }));
    const redis = count > 1 ? await RealRedis.startAt(rootAddress) : undefined;
    const settings = { kubeconfig, apiServer: besideAddress, redis: redis?.url };
    return new KernelCluster({ directory, redis, client, hosts, settings });
  }

  /** Of the worker on the underlay. */
  readonly workerAddress = workerUnderlay;

  get hosts(): Hosts {
    return this.parts.hosts;
  }

  get client(): KubeClient {
    return this.parts.client;
  }

  /** Of several gateways. */
  get redis(): RealRedis {
    const { redis } = this.parts;
    if (redis === undefined) throw new Error('one gateway alone has no Redis');
    return redis;
  }

  get kubeconfig(): string {
    return this.parts.settings.kubeconfig;
  }

  /** Definitions, Nodes, the pool, and Sluice on its nodes; they are ready later. */
  async install(): Promise<void> {
    const { client, hosts, settings } = this.parts;
    await Promise.all(crdObjects().map((definition) => this.define(definition as CustomResourceDefinition)));
    await client.create(namespaces, { metadata: { name: 'sluice-system' } });
    for (const [index, { name }] of hosts.gateways.entries())
      await this.addNode({ name, gateway: true, internalAddresses: [gatewayLinks(index + 1).underlay] });
    await this.addNode({ name: 'worker-1', podCidrs, internalAddresses: [workerUnderlay] });
    await client.create(egressPools, pool(outsideAddresses));
    await this.startProcess(hosts.control);
    for (const node of [...hosts.gateways, hosts.worker]) {
      await startSwitch(node, settings);
      await this.startProcess(node);
    }
  }

  /** Ends a node's process of Sluice as a kubelet does, and starts it again. */
  async restart(node: Host): Promise<void> {
    const child = this.processOf(node);
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
    await this.startProcess(node);
  }

  /** Whether a node's process of Sluice does its work, as a kubelet asks it. */
  async isReady(node: Host): Promise<boolean> {
    const port = statusPorts[this.parts.hosts.gateways.includes(node) ? 'gateway' : 'agent'];
    try {
      await node.run('curl', '-fs', '-m', '2', `http://127.0.0.1:${String(port)}/readyz`);
      return true;
    } catch {
      return false;
    }
  }

  /** To a node's process of Sluice. */
  signal(node: Host, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.processOf(node).kill(signal);
  }

  private processOf(node: Host): ChildProcess {
    const child = this.processes.get(node);
    if (child === undefined) throw new Error(`nothing was installed on ${node.name}`);
    return child;
  }

  private async startProcess(node: Host): Promise<void> {
    const { hosts, settings } = this.parts;
    const other = node === hosts.control ? 'controller' : 'agent';
    const what = hosts.gateways.includes(node) ? 'gateway' : other;
    this.processes.set(node, await startProcess(node, what, settings));
  }

  async addNode(facts: NodeFacts): Promise<void> {
    await this.client.create(nodes, nodeObject(facts));
    await this.client.patch(
      nodes,
      { name: facts.name },
      { status: nodeStatus(facts) },
      { subresource: 'status' },
    );
  }

  /** The Pod, and a Service of type NodePort whose endpoint it is. */
  async expose(): Promise<void> {
    const { client } = this;
    const pod = await client.create(pods, podObject('worker-1'));
    await client.patch(
      pods,
      { namespace: 'default', name: pod.metadata.name },
      { status: podStatus(workerUnderlay) },
      { subresource: 'status' },
    );
    await client.create(services, service);
    for (const family of families) await client.create(endpointSlices, endpoints('worker-1', pod, family));
  }

  /** Another host on uplink and underlay. */
  async addHost(
    name: string,
    addresses: { readonly uplink: Pair; readonly underlay: string; readonly management: string },
  ): Promise<Host> {
    const links = [uplink(addresses.uplink), underlay(addresses.underlay), management(addresses.management)];
    const host = await Host.make(name, this.parts.directory, links);
    this.others = [...this.others, host];
    return host;
  }

  /** Nothing changes in the cluster meanwhile, so nobody misses the controller; it would take its share of the only core. */
  async alone<T>(work: () => Promise<T>, others: readonly ChildProcess[] = []): Promise<T> {
    const controller = this.processes.get(this.hosts.control);
    const signal = (which: 'SIGSTOP' | 'SIGCONT'): void => {
      for (const child of [controller, ...others]) child?.kill(which);
    };
    signal('SIGSTOP');
    try {
      return await work();
    } finally {
      signal('SIGCONT');
    }
  }

  /** The ends of what its programs said. */
  logs(): string {
    const files = globSync(join(this.parts.directory, '*', '*.log'));
    return files.map((file) => `${file}:\n${readFileSync(file, 'utf8').slice(-3000)}`).join('\n');
  }

  async stop(): Promise<void> {
    const { control, outside, gateways, worker, pod } = this.hosts;
    for (const host of [...this.others, control, outside, ...gateways, worker, pod]) await host.stop();
    await this.client.close();
    await this.parts.redis?.stop();
    for (const bridge of ['management', 'uplink', 'underlay']) await run(['ip', 'link', 'delete', bridge]);
    rmSync(this.parts.directory, { recursive: true });
  }

  private async define(definition: CustomResourceDefinition): Promise<void> {
    await this.client.create(customResourceDefinitions, definition);
    const { name } = definition.metadata;
    await until(`${name} to be known`, async () => {
      const { status } = await this.client.get(customResourceDefinitions, { name });
      return (
        status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True') === true
      );
    });
  }
}

/** As CNI plugins of the kind `ptp` do it. */
async function linkPod({ worker, pod }: Pick<Hosts, 'worker' | 'pod'>): Promise<void> {
  await worker.ip(
    `link add pod type veth peer name eth0 netns ${pod.name}`,
    `addr add ${resolvers.ipv4}/32 dev pod`,
    `addr add ${resolvers.ipv6}/128 dev pod`,
    'link set pod up',
    ...families.map((family) => `route add ${podAddresses[family]} dev pod`),
  );
  await pod.ip(
    `addr add ${podAddresses.ipv4}/32 dev eth0`,
    `addr add ${podAddresses.ipv6}/128 dev eth0`,
    `link set eth0 mtu ${String(podMtu)} up`,
    ...families.flatMap((family) => [
      `route add ${resolvers[family]} dev eth0`,
      `route add default via ${resolvers[family]}`,
    ]),
  );
}
