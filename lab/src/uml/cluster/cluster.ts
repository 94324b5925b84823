/**
 * A small cluster with the kernel datapath, in a kernel of its own (`lab uml`): a real API server, Sluice's own processes
 * and Open vSwitch, and no kubelet, so Nodes and the Pod are written by hand.
 *
 *      outside ── uplink ── gateway-1 ── underlay ── worker-1 ── pod
 *     198.18.0.10        198.18.0.3  172.31.0.101  172.31.0.1   10.244.1.5
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
import { RealApiServer } from '../../../../libs/kube/src/testing/real-apiserver.js';
import { run, until } from '../../command.js';
import { Host, type Link, makeBridge } from './host.js';
import {
  endpoints,
  nodeObject,
  type NodeFacts,
  nodeStatus,
  podAddress,
  podCidr,
  podObject,
  podStatus,
  pool,
  service,
} from './objects.js';
import { type SluiceSettings, startProcess, startSwitch } from './sluice-node.js';

export const outsideAddress = '198.18.0.10';
export const gatewayAddress = '198.18.0.3';
const [gatewayUnderlay, workerUnderlay] = ['172.31.0.101', '172.31.0.1'];
const controlPlane = '10.89.0.1';
/** What a packet may be long so that a tunnel takes it, with either kind of header. */
const podMtu = 1400;
const resolver = '169.254.1.1';

const on =
  (bridge: string, device: string) =>
  (address: string): Link => ({ bridge, device, address: `${address}/24` });
const uplink = on('uplink', 'e0');
const underlay = on('underlay', 'u0');
const management = on('management', 'm0');

interface Parts {
  readonly directory: string;
  readonly server: RealApiServer;
  readonly client: KubeClient;
  readonly hosts: Readonly<Record<'control' | 'outside' | 'gateway' | 'worker' | 'pod', Host>>;
  readonly settings: SluiceSettings;
}

export class KernelCluster {
  private others: readonly Host[] = [];
  private readonly processes = new Map<string, ChildProcess>();

  private constructor(private readonly parts: Parts) {}

  static async start(): Promise<KernelCluster> {
    const directory = mkdtempSync(join(tmpdir(), 'cluster-'));
    await makeBridge('management', `${controlPlane}/24`);
    await makeBridge('uplink');
    await makeBridge('underlay');
    const make = (name: string, ...links: readonly Link[]) => Host.make(name, directory, links);
    const hosts = {
      control: await make('control', management('10.89.0.12')),
      outside: await make('outside', uplink(outsideAddress)),
      gateway: await make(
        'gateway-1',
        uplink(gatewayAddress),
        underlay(gatewayUnderlay),
        management('10.89.0.101'),
      ),
      worker: await make('worker-1', underlay(workerUnderlay), management('10.89.0.11')),
      pod: await make('pod'),
    };
    await linkPod(hosts);
    await hosts.gateway.ip(`route add default via ${outsideAddress}`);
    await hosts.worker.ip(`route add default via ${controlPlane}`);
    const server = await RealApiServer.start(controlPlane);
    const client = new KubeClient(await loadClusterConfig({ kubeconfig: server.kubeconfigFile }));
    const settings = { kubeconfig: server.kubeconfigFile, apiServer: controlPlane };
    return new KernelCluster({ directory, server, client, hosts, settings });
  }

  /** Of the worker on the underlay. */
  readonly workerAddress = workerUnderlay;

  get hosts(): Parts['hosts'] {
    return this.parts.hosts;
  }

  get client(): KubeClient {
    return this.parts.client;
  }

  get kubeconfig(): string {
    return this.parts.settings.kubeconfig;
  }

  /** Definitions, Nodes, the pool, and Sluice on its nodes; they are ready later. */
  async install(): Promise<void> {
    const { client, hosts, settings } = this.parts;
    await Promise.all(crdObjects().map((definition) => this.define(definition as CustomResourceDefinition)));
    await client.create(namespaces, { metadata: { name: 'sluice-system' } });
    await this.addNode({ name: 'gateway-1', gateway: true, internalAddress: gatewayUnderlay });
    await this.addNode({ name: 'worker-1', podCidr, internalAddress: workerUnderlay });
    await client.create(egressPools, pool(outsideAddress));
    this.processes.set('control', await startProcess(hosts.control, 'controller', settings));
    for (const node of ['gateway', 'worker'] as const) {
      await startSwitch(hosts[node], settings);
      await this.startProcess(node);
    }
  }

  /** Ends a node's process of Sluice as a kubelet does, and starts it again. */
  async restart(node: 'gateway' | 'worker'): Promise<void> {
    const child = this.processes.get(node);
    if (child === undefined) throw new Error(`nothing was installed on ${node}`);
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
    await this.startProcess(node);
  }

  private async startProcess(node: 'gateway' | 'worker'): Promise<void> {
    const { hosts, settings } = this.parts;
    const what = node === 'gateway' ? 'gateway' : 'agent';
    this.processes.set(node, await startProcess(hosts[node], what, settings));
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
    await client.create(endpointSlices, endpoints('worker-1', pod));
  }

  /** Another host on uplink and underlay. */
  async addHost(
    name: string,
    addresses: { readonly uplink: string; readonly underlay: string; readonly management: string },
  ): Promise<Host> {
    const links = [uplink(addresses.uplink), underlay(addresses.underlay), management(addresses.management)];
    const host = await Host.make(name, this.parts.directory, links);
    this.others = [...this.others, host];
    return host;
  }

  /** Nothing changes in the cluster meanwhile, so nobody misses the control plane; it would take its share of the only core. */
  async alone<T>(work: () => Promise<T>, others: readonly ChildProcess[] = []): Promise<T> {
    const controller = this.processes.get('control');
    const signal = (which: 'SIGSTOP' | 'SIGCONT'): void => {
      this.parts.server.signal(which);
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
    for (const host of [...this.others, ...Object.values(this.hosts)]) await host.stop();
    await this.client.close();
    await this.parts.server.stop();
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
async function linkPod({ worker, pod }: { readonly worker: Host; readonly pod: Host }): Promise<void> {
  await worker.ip(
    `link add pod type veth peer name eth0 netns ${pod.name}`,
    `addr add ${resolver}/32 dev pod`,
    'link set pod up',
  );
  await worker.ip(`route add ${podAddress} dev pod`);
  await pod.ip(
    `addr add ${podAddress}/32 dev eth0`,
    `link set eth0 mtu ${String(podMtu)} up`,
    `route add ${resolver} dev eth0`,
    `route add default via ${resolver}`,
  );
}
