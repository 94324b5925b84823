/** A slot keeper whose gateway also keeps its connections on its successors. Wires ConntrackSync to datapath and Redis. */
import { randomBytes } from 'node:crypto';
import { type Clock, describeError, type Logger } from '@sluice/core';
import { defaultConfig } from '@sluice/datapath';
import { ConntrackListener, ConntrackTable, type HostNetwork } from '@sluice/netlink';
import { type SlotView, type Uplink } from '@sluice/model';
import { type Registry } from 'prom-client';
import { type SlotKeeper } from '../slots/slot-keeper.js';
import { type Connections, type ConnectionsListener, ConntrackSync } from './conntrack-sync.js';
import { syncMetrics } from './metrics.js';
import { kernelMode, switchMode } from './plan.js';
import { RedisStreams, type StreamsTarget } from './redis-streams.js';
import { StaleConnections } from './stale-connections.js';
import { type SwitchTable } from './switch-table.js';

export interface SyncParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly network: Pick<HostNetwork, 'writeSysctl'>;
  /** Undefined: no synchronisation. */
  readonly target: StreamsTarget | undefined;
  /** Name of this gateway, which is that of its node. */
  readonly self: string;
  /** Conntrack zone of the gateway's NAT. */
  readonly zone?: number;
  /** Of the kernel's connections; the process's own unless given. */
  readonly netns?: string;
  /** Of the userspace datapath; the kernel's connections unless given. */
  readonly table?: SwitchTable;
}

/** The keeper alone where there is nothing to synchronise through. */
export function syncedKeeper(keeper: SlotKeeper, parts: SyncParts): SlotKeeper {
  const { target, self, clock, registry, table } = parts;
  if (target === undefined) return keeper;
  const logger = parts.logger.child({ part: 'conntrack-sync' });
  const zone = parts.zone ?? defaultConfig.zones.nat;
  const streams = new RedisStreams({ target, self, logger });
  const sync = new ConntrackSync({
    clock,
    logger,
    metrics: syncMetrics(registry),
    zone,
    streams,
    mode: table === undefined ? kernelMode : switchMode,
    openConnections: (listener) =>
      table === undefined
        ? openKernel({ ...parts, logger, zone }, listener)
        : Promise.resolve(connectionsOf(table, { clock, logger })),
    firstSnapshot: randomBytes(4).readUInt32BE(),
  });
  return new SyncedKeeper(keeper, sync, streams);
}

function connectionsOf(table: SwitchTable, parts: Pick<SyncParts, 'clock' | 'logger'>): Connections {
  const stale = new StaleConnections({ ...parts, end: (isStill) => table.endStale(isStill) });
  return {
    own: table.own,
    copies: table.copied,
    carried: ({ carried, foreign }) => {
      table.adopt(carried);
      stale.update(foreign);
    },
    close: () => {
      stale.stop();
      return Promise.resolve();
    },
  };
}

async function openKernel(
  { zone, netns, network, logger }: SyncParts & { readonly zone: number },
  listener: ConnectionsListener,
): Promise<Connections> {
  // By default (2) the kernel tells only of connections that began while somebody listened.
  await network.writeSysctl('net.netfilter.nf_conntrack_events', '1').catch((error: unknown) => {
    logger.warn({ error: describeError(error) }, 'connections of before are told of with snapshots only');
  });
  const table = await ConntrackTable.open({ zone, netns });
  try {
    const events = await ConntrackListener.start({ zone, netns, ...listener });
    return {
      own: table,
      copies: table,
      close: async () => {
        await events.stop();
        await table.close();
      },
    };
  } catch (error) {
    await table.close();
    throw error;
  }
}

class SyncedKeeper implements SlotKeeper {
  private view: SlotView | undefined;

  constructor(
    private readonly keeper: SlotKeeper,
    private readonly sync: ConntrackSync,
    private readonly streams: RedisStreams,
  ) {
    keeper.onChange(() => this.slotsChanged());
  }

  get open(): SlotKeeper['open'] {
    return this.keeper.open;
  }

  get leaving(): number {
    return this.keeper.leaving;
  }

  start(): void {
    this.streams.start();
    this.sync.start();
    this.keeper.start();
  }

  async stop(): Promise<void> {
    await this.keeper.stop();
    const stopped = this.sync.stop();
    this.streams.stop();
    await stopped;
  }

  update(view: SlotView, uplink: Pick<Uplink, 'interface' | 'mac'>): void {
    this.view = view;
    this.keeper.update(view, uplink);
    this.slotsChanged();
  }

  switchChanged(): void {
    this.keeper.switchChanged();
  }

  onChange(listener: () => void): void {
    this.keeper.onChange(listener);
  }

  onAnnounceAgain(listener: Parameters<SlotKeeper['onAnnounceAgain']>[0]): void {
    this.keeper.onAnnounceAgain(listener);
  }

  private slotsChanged(): void {
    if (this.view !== undefined) this.sync.update(this.view, this.keeper.open);
  }
}
