/** Follows the objects that a node's role needs and gives them as one World. */
import { type Clock, type Logger } from '@sluice/core';
import {
  egressAddresses,
  egressGateways,
  egressPools,
  type EndpointSlice,
  endpointSlices,
  type KubeClient,
  type KubeObject,
  namespaces,
  nodes,
  pods,
  Reflector,
  type Resource,
  type Selection,
  serviceCidrs,
  services,
} from '@sluice/kube';
import {
  headlessLabel,
  otherProxyLabel,
  serviceNameLabel,
  servicesOfEveryPod,
  type World,
} from '@sluice/model';
import { trimEndpointSlice, trimNamespace, trimNode, trimPod, trimService } from './trim.js';
import { effectOf, workOfAddress, workOfGateway, workOfPool } from './work.js';

export interface ClusterWatchOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly nodeName: string;
  readonly roles: { readonly agent: boolean; readonly gateway: boolean };
  /** Called after any change of an object that the node's work depends on; `resource` as in "services". */
  readonly onChange: (resource: string, object: string) => void;
  /** Called after a change that only what the node reports depends on. */
  readonly onStatus: () => void;
}

interface Following<T> extends Selection {
  /** It says where the node is: see `knowsNode`. */
  readonly ofNode?: boolean;
  readonly firstFromCache?: boolean;
  readonly trim?: (object: T) => T;
  /** What of it the node's work depends on; all that is kept unless told. */
  readonly workOf?: (object: T) => readonly unknown[];
}

type AnyReflector = Pick<Reflector<KubeObject>, 'start' | 'stop' | 'synced' | 'isSynced' | 'state'>;

export class ClusterWatch {
  private readonly all: AnyReflector[] = [];
  private readonly ofNode: AnyReflector[] = [];
  private readonly lists: { readonly [K in keyof World]: () => World[K] };

  constructor(private readonly options: ClusterWatchOptions) {
    const { agent, gateway } = options.roles;
    const none = (): readonly never[] => [];
    this.lists = {
      nodes: this.follow(nodes, { trim: trimNode, ofNode: true }),
      pools: this.follow(egressPools, { workOf: workOfPool }),
      addresses: this.follow(egressAddresses, { workOf: workOfAddress, firstFromCache: true }),
      gateways: this.follow(egressGateways, { workOf: workOfGateway, ofNode: true }),
      namespaces: agent ? this.follow(namespaces, { trim: trimNamespace }) : none,
      serviceCidrs: agent ? this.follow(serviceCidrs) : none,
      services: gateway
        ? this.follow(services, {
            ...{ trim: trimService, labelSelector: `!${otherProxyLabel}` },
            firstFromCache: true,
          })
        : none,
      endpointSlices: this.endpointSlices(),
      pods: agent
        ? this.follow(pods, { trim: trimPod, fieldSelector: `spec.nodeName=${options.nodeName}` })
        : none,
      leases: none,
    };
  }

  start(): void {
    for (const reflector of this.all) reflector.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((reflector) => reflector.stop()));
  }

  /** Resolves when every cache holds a complete list. */
  async synced(): Promise<void> {
    await Promise.all(this.all.map(({ synced }) => synced));
  }

  get isSynced(): boolean {
    return this.all.every(({ isSynced }) => isSynced);
  }

  /** Nodes and gateways have been read: enough to look at the host, while thousands of Services still come. */
  get knowsNode(): boolean {
    return this.ofNode.every(({ isSynced }) => isSynced);
  }

  /** Whether the API server is followed now; without it the last known objects stay in use. */
  get isConnected(): boolean {
    return this.all.every(({ state }) => state === 'watching');
  }

  world(): World {
    const { lists } = this;
    return {
      nodes: lists.nodes(),
      namespaces: lists.namespaces(),
      pods: lists.pods(),
      serviceCidrs: lists.serviceCidrs(),
      services: lists.services(),
      endpointSlices: lists.endpointSlices(),
      pools: lists.pools(),
      addresses: lists.addresses(),
      gateways: lists.gateways(),
      leases: lists.leases(),
    };
  }

  /** All of them on a gateway, which serves Services; elsewhere those of what every Pod talks to. */
  private endpointSlices(): () => readonly EndpointSlice[] {
    const { agent, gateway } = this.options.roles;
    const trim = trimEndpointSlice;
    if (gateway)
      return this.follow(endpointSlices, {
        ...{ trim, labelSelector: `!${headlessLabel}` },
        firstFromCache: true,
      });
    if (!agent) return () => [];
    const lists = servicesOfEveryPod.map(({ namespace, service }) =>
      this.follow(endpointSlices, { namespace, labelSelector: `${serviceNameLabel}=${service}` }),
    );
    return () => lists.flatMap((list) => list());
  }

  private follow<T extends KubeObject>(
    resource: Resource<T>,
    options: Following<T> = {},
  ): () => readonly T[] {
    const { client, clock, logger, onChange, onStatus } = this.options;
    const { workOf, ofNode = false, ...selection } = options;
    const reflector = new Reflector<T>({ client, resource, clock, logger, ...selection });
    reflector.onChange((key, before, after) => {
      const isStep = before !== undefined && after !== undefined;
      const effect = isStep ? effectOf(before, after, workOf) : 'work';
      if (effect === 'work') onChange(resource.plural, key);
      if (effect === 'report') onStatus();
    });
    this.all.push(reflector);
    if (ofNode) this.ofNode.push(reflector);
    return () => reflector.list();
  }
}
