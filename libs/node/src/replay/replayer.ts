/**
 * After an unplanned failover the new gateway knows nothing of connections whose Pod is silent, such as downloads: the
 * outside speaks, and is not understood. The agent knows every connection of its Pods, and sends one packet of each to
 * the new holder, which rebuilds its state from it and drops it.
 */
import { type Clock, describeError, type Logger } from '@sluice/core';
import { tunnelIds } from '@sluice/datapath';
import { type EgressRoute } from '@sluice/model';
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

/** At a time, and the pause until the next: 50,000 a second. */
const batch = 500;
const pauseMs = 10;

export class Replayer {
  private before: ReadonlyMap<number, EgressRoute> = new Map();
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: ReplayerOptions) {}

  /** The routes that are programmed now; connections of those whose gateways changed are replayed. */
  update(routes: readonly EgressRoute[]): void {
    const moved = new Map(
      routes.filter((route) => this.hasMoved(route)).map((route) => [route.egressId, route]),
    );
    this.before = new Map(routes.map((route) => [route.egressId, route]));
    if (moved.size === 0) return;
    this.running = this.running
      .then(() => this.replay(moved))
      .catch((error: unknown) => {
        this.options.logger.warn({ error: describeError(error) }, 'connections were not replayed');
      });
  }

  /** Resolves when what was begun is done. */
  settled(): Promise<void> {
    return this.running;
  }

  /** A planned move leaves the former gateway among those that serve. */
  private hasMoved({ egressId, serving }: EgressRoute): boolean {
    const former = this.before.get(egressId)?.serving ?? [];
    return former.some((gateway) => !serving.includes(gateway));
  }

  private async replay(routes: ReadonlyMap<number, EgressRoute>): Promise<void> {
    const lost = podConnections(await this.options.dump()).flatMap((connection) => {
      const route = routes.get(connection.egressId);
      const [holder] = route?.serving ?? [];
      if (holder === undefined || route?.serving.includes(connection.gateway) === true) return [];
      return [packetOf(connection, holder)];
    });
    for (let at = 0; at < lost.length; at += batch) {
      if (at > 0) await new Promise<void>((resolve) => this.options.clock.after(pauseMs, resolve));
      await this.options.send(lost.slice(at, at + batch));
    }
    this.options.replayed.inc(lost.length);
    if (lost.length > 0)
      this.options.logger.info({ connections: lost.length }, 'replayed to the new gateway');
  }
}

const packetOf = (connection: PodConnection, node: number): TunnelledFrame => ({
  node,
  tunnelId: tunnelIds.replayEgress(connection.egressId),
  frame: replayFrame(connection),
});
