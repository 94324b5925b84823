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
} from '@sluice/kube';
import { serviceNameLabel, servicesOfEveryPod, type World } from '@sluice/model';
import { trimNamespace, trimNode, trimPod } from './trim.js';

export interface ClusterWatchOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly nodeName: string;
  readonly roles: { readonly agent: boolean; readonly gateway: boolean };
  /** Called after any change of an object that is watched. */
  readonly onChange: () => void;
}

type AnyReflector = Pick<Reflector<KubeObject>, 'start' | 'stop' | 'synced' | 'isSynced' | 'state'>;

export class ClusterWatch {
  private readonly all: AnyReflector[] = [];
  private readonly lists: { readonly [K in keyof World]: () => World[K] };

  constructor(private readonly options: ClusterWatchOptions) {
    const { agent } = options.roles;
    const none = (): readonly never[] => [];
    this.lists = {
      nodes: this.follow(nodes, { trim: trimNode }),
      pools: this.follow(egressPools),
      addresses: this.follow(egressAddresses),
      gateways: this.follow(egressGateways),
      namespaces: agent ? this.follow(namespaces, { trim: trimNamespace }) : none,
      serviceCidrs: agent ? this.follow(serviceCidrs) : none,
      services: none,
      endpointSlices: agent ? this.endpointSlices() : none,
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

  private endpointSlices(): () => readonly EndpointSlice[] {
    const lists = servicesOfEveryPod.map(({ namespace, service }) =>
      this.follow(endpointSlices, { namespace, labelSelector: `${serviceNameLabel}=${service}` }),
    );
    return () => lists.flatMap((list) => list());
  }

  private follow<T extends KubeObject>(
    resource: Resource<T>,
    options: Selection & { readonly trim?: (object: T) => T } = {},
  ): () => readonly T[] {
    const { client, clock, logger, onChange } = this.options;
    const reflector = new Reflector<T>({ client, resource, clock, logger, ...options });
    reflector.onChange(onChange);
    this.all.push(reflector);
    return () => reflector.list();
  }
}
