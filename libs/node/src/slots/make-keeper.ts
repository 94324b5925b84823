/** Puts a gateway's keeper together: the slot protocol with Redis, or the controller's map without. */
import { randomBytes } from 'node:crypto';
import { type Clock, describeError, type Logger } from '@sluice/core';
import {
  type MoveHistory,
  openMoveQueue,
  type RedisOptions,
  RedisSlotStore,
  redisTarget,
} from '@sluice/coordination';
import { ofports } from '@sluice/datapath';
import { type EventRecorder, type KubeClient } from '@sluice/kube';
import { type HostNetwork } from '@sluice/netlink';
import { type Registry } from 'prom-client';
import { type NodeSettings } from '../settings.js';
import { type DumpOptions, type Switch } from '../switch/switch.js';
import { GatewayEvents } from './gateway-events.js';
import { Leaving } from './leaving.js';
import { MoveReporter } from './move-reporter.js';
import { PoolMap } from './pool-map.js';
import { ProtocolKeeper } from './protocol-keeper.js';
import { type SlotKeeper } from './slot-keeper.js';
import { slotMetrics } from './slot-metrics.js';
import { StaticKeeper } from './static-keeper.js';
import { Wire } from './wire.js';

export interface KeeperParts {
  readonly settings: NodeSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly client: KubeClient;
  readonly recorder: EventRecorder;
  readonly ovs: Switch;
  readonly network: Pick<HostNetwork, 'setLink'>;
  /** The gateway's zone of conntrack without copies of other gateways' connections, as Open vSwitch writes it. */
  readonly ownConnections: (options: DumpOptions) => Promise<string>;
}

export interface MadeKeeper {
  readonly keeper: SlotKeeper;
  /** The record of moves; undefined: without Redis there is none. */
  readonly history?: () => Promise<MoveHistory>;
}

/** 48 random bits. */
const newIncarnation = (): number => randomBytes(6).readUIntBE(0, 6);

export async function slotKeeper(parts: KeeperParts): Promise<MadeKeeper> {
  const { settings, clock, logger, ovs } = parts;
  const switchUp = (): boolean => ovs.isForwarding;
  const incarnation = newIncarnation();
  const redis = redisTarget(settings);
  if (redis !== undefined) return protocolKeeper(parts, { redis, incarnation, switchUp });
  logger.warn(
    {},
    'no Redis is set (SLUICE_REDIS_URL): addresses stay where they are, and there is no failover',
  );
  return { keeper: new StaticKeeper({ clock, logger, gate: ovs, incarnation, ready: switchUp }) };
}

async function protocolKeeper(
  { settings, clock, logger, registry, client, recorder, ovs, network, ownConnections }: KeeperParts,
  { redis, incarnation, switchUp }: { redis: RedisOptions; incarnation: number; switchUp: () => boolean },
): Promise<MadeKeeper> {
  const send = (frames: readonly Uint8Array[]): void => {
    ovs.send(frames, ofports.uplink).catch((error: unknown) => {
      logger.debug({ error: describeError(error) }, 'could not ask the uplink');
    });
  };
  const wire = new Wire({ clock, send, onAnnounced: (answer) => keeper.announced(answer) });
  const store = new RedisSlotStore({ redis, logger, onConnected: () => keeper.storeConnected() });
  const map = new PoolMap(client, logger);
  const metrics = slotMetrics(registry);
  const events = new GatewayEvents(client, recorder, logger);
  const reporter = new MoveReporter({ clock, logger, metrics, events });
  const queue = await openMoveQueue({
    redis,
    clock,
    logger,
    reports: reporter,
    recorded: () => map.read(),
  });
  const leaving = new Leaving({
    clock,
    logger,
    dump: () => ownConnections({ timeouts: true }),
    onUnused: (slots) => keeper.unused(slots),
  });
  const keeper: ProtocolKeeper = new ProtocolKeeper({
    clock,
    logger,
    gate: ovs,
    wire,
    store,
    closeStore: () => {
      store.stop();
      return queue.stop();
    },
    map,
    reporter,
    queue,
    events,
    leaving,
    metrics,
    incarnation,
    moves: {
      holdDownMs: settings.SLUICE_HOLD_DOWN_SECONDS * 1000,
      maxConcurrentMoves: settings.SLUICE_MAX_CONCURRENT_MOVES,
      drainMs: settings.SLUICE_DRAIN_TIMEOUT_SECONDS * 1000,
    },
    switchUp,
    fenceUplink:
      settings.SLUICE_DATAPATH === 'system' ? (uplink) => network.setLink(uplink, { up: false }) : undefined,
    liveness: () => ovs.liveness,
  });
  ovs.onFrame((frame) => wire.heard(frame));
  ovs.onForwarding(() => keeper.switchChanged());
  ovs.onLiveness(() => keeper.livenessChanged());
  store.start();
  queue.start();
  return { keeper, history: () => queue.history() };
}
