/** What is known of a node's host, read again when the kernel has told that it changed. */
import { bridgeName, podPortName, slowPortName } from '@sluice/datapath';
import { type NodeFacts, type World } from '@sluice/model';
import { type HostNetwork, type NetworkEvent } from '@sluice/netlink';
import { Cached } from './cached.js';
import { type HostFacts, type HostFactsReader, underlayBridge } from './host-facts.js';
import { PodInterfaces } from './pod-interfaces.js';

export interface KnownHostOptions {
  readonly nodeName: string;
  readonly roles: NodeFacts['roles'];
  readonly clusterCidrs: readonly string[];
  readonly network: Pick<HostNetwork, 'routes'>;
  readonly hostFacts: Pick<HostFactsReader, 'read'>;
}

const mainTable = 254;

/** Of this node's EgressGateway; undefined on a node that is none. */
const uplinkName = ({ gateways }: World, nodeName: string): string | undefined =>
  gateways.find(({ spec }) => spec.nodeName === nodeName)?.spec.uplinkInterface;

export class KnownHost {
  private readonly host = new Cached<HostFacts>();
  private readonly podInterfaces = new Cached<PodInterfaces>();

  constructor(private readonly options: KnownHostOptions) {}

  /** Undefined: the next `read` reads. */
  get current(): HostFacts | undefined {
    return this.host.current;
  }

  forget(): void {
    this.host.forget();
  }

  changed({ kind, dev }: NetworkEvent): void {
    if (kind === 'route' || kind === 'resync') this.podInterfaces.forget();
    if (kind === 'resync' || kind === 'rule' || (dev !== undefined && this.ownDevices().has(dev)))
      this.host.forget();
  }

  /** Throws NodeProblem when the host is not as Sluice needs it. */
  async read(world: World): Promise<HostFacts> {
    if (this.uplinkChanged(world)) this.host.forget();
    return this.host.get(() => this.options.hostFacts.read(world));
  }

  async facts(world: World, { underlay, uplink }: HostFacts): Promise<NodeFacts> {
    const { nodeName, roles, clusterCidrs } = this.options;
    return {
      nodeName,
      roles,
      underlayMtu: underlay.mtu,
      underlayFamily: underlay.family,
      ...(uplink === undefined ? {} : { uplink }),
      clusterCidrs,
      podInterfaces: roles.agent ? await this.interfacesOf(world) : new Map(),
    };
  }

  /** An admin may name another uplink at any time. */
  private uplinkChanged(world: World): boolean {
    const { roles, nodeName } = this.options;
    return roles.gateway && uplinkName(world, nodeName) !== this.current?.uplink?.interface;
  }

  private ownDevices(): ReadonlySet<string> {
    const { current } = this;
    const nics = current?.nics.map(({ nic }) => nic) ?? [];
    const underlay = current === undefined ? [] : [current.underlay.interface];
    return new Set([bridgeName, podPortName, slowPortName, underlayBridge, ...nics, ...underlay]);
  }

  private async interfacesOf(world: World): Promise<ReadonlyMap<string, string>> {
    const addresses = world.pods.flatMap(({ status }) => (status?.podIPs ?? []).map(({ ip }) => ip));
    const known = addresses.filter((address) => address !== '');
    const interfaces = await this.podInterfaces.get(() => this.readRoutes());
    return interfaces.map(known);
  }

  private async readRoutes(): Promise<PodInterfaces> {
    const { network } = this.options;
    const routes = await Promise.all(
      ([4, 6] as const).map((family) => network.routes({ family, table: mainTable })),
    );
    return new PodInterfaces(routes.flat());
  }
}
