/** Follows everything that a plan looks at. */
import { type Clock, type Logger } from '@sluice/core';
import {
  egressAddresses,
  egressGateways,
  egressPools,
  type KubeClient,
  type KubeObject,
  leases,
  namespaces,
  nodes,
  Reflector,
  type Resource,
  type Selection,
  services,
} from '@sluice/kube';
import { otherProxyLabel, type World } from '@sluice/model';

export interface WorldWatchOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of the Leases that gateways renew. */
  readonly namespace: string;
  readonly onChange: () => void;
}

type AnyReflector = Pick<Reflector<KubeObject>, 'start' | 'stop' | 'synced' | 'isSynced'>;

export class WorldWatch {
  private readonly all: AnyReflector[] = [];
  private readonly read: () => World;

  constructor(private readonly options: WorldWatchOptions) {
    const list = {
      nodes: this.follow(nodes),
      namespaces: this.follow(namespaces),
      pools: this.follow(egressPools),
      addresses: this.follow(egressAddresses),
      gateways: this.follow(egressGateways),
      services: this.follow(services, { labelSelector: `!${otherProxyLabel}` }),
      leases: this.follow(leases, { namespace: options.namespace }),
    };
    this.read = () => ({
      nodes: list.nodes(),
      namespaces: list.namespaces(),
      pools: list.pools(),
      addresses: list.addresses(),
      gateways: list.gateways(),
      leases: list.leases(),
      pods: [],
      serviceCidrs: [],
      services: list.services(),
      endpointSlices: [],
    });
  }

  start(): void {
    for (const reflector of this.all) reflector.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((reflector) => reflector.stop()));
  }

  async synced(): Promise<void> {
    await Promise.all(this.all.map(({ synced }) => synced));
  }

  get isSynced(): boolean {
    return this.all.every(({ isSynced }) => isSynced);
  }

  world(): World {
    return this.read();
  }

  private follow<T extends KubeObject>(resource: Resource<T>, selection: Selection = {}): () => readonly T[] {
    const { client, clock, logger, onChange } = this.options;
    const reflector = new Reflector<T>({ client, resource, clock, logger, ...selection });
    reflector.onChange(onChange);
    this.all.push(reflector);
    return () => reflector.list();
  }
}
