/**
 * After an unplanned failover the new gateway knows nothing of connections whose Pod is silent, such as downloads: the
 * outside speaks, and is not understood. The agent knows every connection of its Pods, and sends one packet of each to
 * the new holder, which rebuilds its state from it and drops it.
 *
 * It does so when the map names the new holder, and ahead of that, over and over, from the moment that BFD hears the old
 * one no longer. A gateway takes a replay as soon as its gate is armed and forgets it otherwise, so that its
 * state is there when the gate opens: the outside's next retransmission may be the last one for most of a second.
 */
import { type Clock, describeError, type Logger, Timers } from '@sluice/core';
import { tunnelIds } from '@sluice/datapath';
import { type AgentIntent, type EgressRoute } from '@sluice/model';
import { type Counter } from 'prom-client';
import { replayFrame } from '../frames/replay.js';
import { podConnections, type PodConnection } from './connections.js';

export interface ReplayerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly replayed: Counter;
  /** Text of the agent's zone. */
  readonly dump: () => Promise<string>;
  readonly send: (packets: readonly TunnelledFrame[]) => Promise<void>;
}

export interface TunnelledFrame {
  readonly node: number;
  readonly tunnelId: number;
  readonly frame: Uint8Array;
}

export type ReplayRoutes = Pick<AgentIntent, 'egresses' | 'slots'>;

/** At a time, and the pause until the next: 50,000 a second. */
const batch = 500;
const pauseMs = 10;

/** A gate is armed for the 100 ms in which the wire is asked: two rounds fall into them. */
const aheadEveryMs = 40;
/** A takeover is over by then, or it is not that gateway's. */
const aheadMs = 2000;
/** So many take one round's time; those beyond wait for the map. */
const aheadMost = 2000;

/** After the first time, for those that are still pinned to the old one: nobody acknowledges the packet of a replay. */
const againMs = [1000, 5000] as const;

export class Replayer {
  private routes: ReadonlyMap<number, EgressRoute> = new Map();
  /** Slot → gateways that may carry it, best first. */
  private orders: ReadonlyMap<number, readonly number[]> = new Map();
  private liveness: ReadonlyMap<number, boolean> = new Map();
  private readonly timers: Timers;
  private running: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(private readonly options: ReplayerOptions) {
    this.timers = new Timers(options.clock);
  }

  /** The routes that are programmed now; connections of those whose gateways changed are replayed. */
  update({ egresses, slots }: ReplayRoutes): void {
    const moved = new Set(egresses.filter((route) => this.hasMoved(route)).map(({ egressId }) => egressId));
    this.routes = new Map(egresses.map((route) => [route.egressId, route]));
    this.orders = new Map(slots.map(({ slot, gateways }) => [slot, gateways]));
    if (moved.size === 0) return;
    this.begin(() => this.replay(moved));
    for (const ms of againMs) this.timers.after(ms, () => this.begin(() => this.replay(moved)));
  }

  /** Node id → whether BFD hears it. What a gateway carried that fell silent is replayed ahead. */
  heard(liveness: ReadonlyMap<number, boolean>): void {
    const before = this.liveness;
    this.liveness = new Map(liveness);
    for (const [gateway, alive] of liveness) {
      if (!alive && before.get(gateway) === true) this.begin(() => this.ahead(gateway));
    }
  }

  /** Resolves when what was begun is done. */
  settled(): Promise<void> {
    return this.running;
  }

  stop(): void {
    this.stopped = true;
    this.timers.cancel();
  }

  private begin(work: () => Promise<void>): void {
    const begun = work().catch((error: unknown) => {
      this.options.logger.warn({ error: describeError(error) }, 'connections were not replayed');
    });
    this.running = Promise.all([this.running, begun]).then(() => undefined);
  }

  /** A planned move leaves the former gateway among those that serve. */
  private hasMoved({ egressId, serving }: EgressRoute): boolean {
    const former = this.routes.get(egressId)?.serving ?? [];
    return former.some((gateway) => !serving.includes(gateway));
  }

  /** Connections of egresses that moved, as far as they are pinned to a gateway that does not serve them any more. */
  private async replay(moved: ReadonlySet<number>): Promise<void> {
    const lost = podConnections(await this.options.dump()).flatMap((connection) => {
      const route = moved.has(connection.egressId) ? this.routes.get(connection.egressId) : undefined;
      const [holder] = route?.serving ?? [];
      if (holder === undefined || route?.serving.includes(connection.gateway) === true) return [];
      return [packetOf(connection, holder)];
    });
    await this.send(lost);
    this.options.replayed.inc(lost.length);
    if (lost.length > 0)
      this.options.logger.info({ connections: lost.length }, 'replayed to the new gateway');
  }

  private async ahead(gateway: number): Promise<void> {
    const { clock, dump } = this.options;
    const endMs = clock.monotonicMs() + aheadMs;
    const all = podConnections(await dump()).filter((connection) => connection.gateway === gateway);
    const lost = all.slice(0, aheadMost);
    const isOver = (): boolean =>
      this.stopped || this.liveness.get(gateway) !== false || clock.monotonicMs() >= endMs;
    while (!isOver()) {
      const packets = lost.flatMap((connection) => this.toSuccessor(connection));
      // Nobody can take over, or the map has its new holder.
      if (packets.length === 0) return;
      await this.send(packets);
      await this.pause(aheadEveryMs);
    }
  }

  private toSuccessor(connection: PodConnection): readonly TunnelledFrame[] {
    const { egressId, gateway } = connection;
    const route = this.routes.get(egressId);
    if (route?.serving.includes(gateway) !== true) return [];
    const [holder] = route.serving;
    // Of a planned move the former holder died: the new one is there already.
    if (holder !== undefined && holder !== gateway) return [packetOf(connection, holder)];
    const next = this.orders
      .get(route.slot)
      ?.find((other) => other !== gateway && this.liveness.get(other) !== false);
    return next === undefined ? [] : [packetOf(connection, next)];
  }

  private async send(packets: readonly TunnelledFrame[]): Promise<void> {
    for (let at = 0; at < packets.length; at += batch) {
      if (at > 0) await this.pause(pauseMs);
      await this.options.send(packets.slice(at, at + batch));
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.options.clock.after(ms, resolve));
  }
}

const packetOf = (connection: PodConnection, node: number): TunnelledFrame => ({
  node,
  tunnelId: tunnelIds.replayEgress(connection.egressId),
  frame: replayFrame(connection),
});
