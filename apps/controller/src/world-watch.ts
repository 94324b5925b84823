/** Follows everything that a plan looks at. */
import { type Clock, type Logger } from '@sluice/core';
import {
  type EgressAddress,
  egressAddresses,
  egressGateways,
  type EgressPool,
  type EgressPoolSlot,
  egressPools,
  type KubeClient,
  type KubeObject,
  type Lease,
  leases,
  namespaces,
  nodes,
  Reflector,
  type Resource,
  type Selection,
  services,
} from '@sluice/kube';
import { isGatewayLease, otherProxyLabel, type World } from '@sluice/model';

export interface WorldWatchOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of the Leases that gateways renew. */
  readonly namespace: string;
  readonly onChange: () => void;
  /** Gateways wrote who holds which slot, and nothing else changed. */
  readonly onMoves: () => void;
  /** A gateway renewed its Lease, and nothing else changed. */
  readonly onRenewed: (lease: Lease) => void;
  /** An allocation is gone. */
  readonly onReleased: (address: EgressAddress) => void;
}

/** It is the same Lease with another time. */
export const onlyRenewed = (before: Lease, after: Lease): boolean =>
  before.metadata.uid === after.metadata.uid && before.spec?.holderIdentity === after.spec?.holderIdentity;

/** Holder, epoch and former holder are written by gateways. */
const withoutHolder = ({ slot, order }: EgressPoolSlot) => ({ slot, order });

/** All that a pool says but what gateways write. */
const withoutHolders = ({ metadata, spec, status }: EgressPool): string => {
  const { resourceVersion: _, ...kept } = metadata;
  return JSON.stringify([kept, spec, { ...status, slots: status?.slots?.map(withoutHolder) }]);
};

/** Whether nothing but the holders of slots differs. */
export const onlyMoved = (before: EgressPool, after: EgressPool): boolean =>
  withoutHolders(before) === withoutHolders(after);

type AnyReflector = Pick<Reflector<KubeObject>, 'start' | 'stop' | 'synced' | 'isSynced'>;

export class WorldWatch {
  private readonly all: AnyReflector[] = [];
  private readonly read: () => World;

  constructor(private readonly options: WorldWatchOptions) {
    const list = {
      nodes: this.follow(nodes),
      namespaces: this.follow(namespaces),
      pools: this.followPools(),
      addresses: this.followAddresses(),
      gateways: this.follow(egressGateways),
      services: this.follow(services, { labelSelector: `!${otherProxyLabel}` }),
      leases: this.followLeases(),
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
    const reflector = this.reflect(resource, selection);
    reflector.onChange(this.options.onChange);
    return () => reflector.list();
  }

  private followAddresses(): () => readonly EgressAddress[] {
    const { onChange, onReleased } = this.options;
    const reflector = this.reflect(egressAddresses);
    reflector.onChange((_, before, after) => {
      if (before !== undefined && after === undefined) onReleased(before);
      onChange();
    });
    return () => reflector.list();
  }

  private followLeases(): () => readonly Lease[] {
    const { namespace, onChange, onRenewed } = this.options;
    const reflector = this.reflect(leases, { namespace });
    reflector.onChange((_, before, after) => {
      if (!isGatewayLease((after ?? before)?.metadata.name ?? '')) return;
      if (before !== undefined && after !== undefined && onlyRenewed(before, after)) onRenewed(after);
      else onChange();
    });
    return () => reflector.list();
  }

  private followPools(): () => readonly EgressPool[] {
    const { onChange, onMoves } = this.options;
    const reflector = this.reflect(egressPools);
    reflector.onChange((_, before, after) => {
      if (before !== undefined && after !== undefined && onlyMoved(before, after)) onMoves();
      else onChange();
    });
    return () => reflector.list();
  }

  private reflect<T extends KubeObject>(resource: Resource<T>, selection: Selection = {}): Reflector<T> {
    const { client, clock, logger } = this.options;
    const reflector = new Reflector<T>({ client, resource, clock, logger, ...selection });
    this.all.push(reflector);
    return reflector;
  }
}
