/** Puts a gateway's keeper together: the slot protocol with Redis, or the controller's map without. */
import { randomBytes } from 'node:crypto';
import { type Clock, describeError, type Logger } from '@sluice/core';
import { RedisSlotStore } from '@sluice/coordination';
import { defaultConfig, ofports } from '@sluice/datapath';
import { type KubeClient } from '@sluice/kube';
import { type Registry } from 'prom-client';
import { type NodeSettings } from '../settings.js';
import { type Switch } from '../switch/switch.js';
import { Leaving } from './leaving.js';
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
  readonly ovs: Switch;
}

/** 48 random bits. */
const newIncarnation = (): number => randomBytes(6).readUIntBE(0, 6);

export function slotKeeper(parts: KeeperParts): SlotKeeper {
  const { settings, clock, logger, ovs } = parts;
  const switchUp = (): boolean => ovs.isForwarding;
  const incarnation = newIncarnation();
  const url = settings.SLUICE_REDIS_URL;
  if (url !== undefined) return protocolKeeper(parts, { url, incarnation, switchUp });
  logger.warn({}, 'SLUICE_REDIS_URL is not set: addresses stay where they are, and there is no failover');
  return new StaticKeeper({ clock, logger, gate: ovs, incarnation, ready: switchUp });
}

function protocolKeeper(
  { settings, clock, logger, registry, client, ovs }: KeeperParts,
  { url, incarnation, switchUp }: { url: string; incarnation: number; switchUp: () => boolean },
): SlotKeeper {
  const send = (frames: readonly Uint8Array[]): void => {
    ovs.send(frames, ofports.uplink).catch((error: unknown) => {
      logger.debug({ error: describeError(error) }, 'could not ask the uplink');
    });
  };
  const wire = new Wire({ clock, send });
  const store = new RedisSlotStore({ url, logger, onConnected: () => keeper.storeConnected() });
  const leaving = new Leaving({
    clock,
    logger,
    dump: () => ovs.connections(defaultConfig.zones.nat),
    onUnused: (slots) => keeper.unused(slots),
  });
  const keeper: ProtocolKeeper = new ProtocolKeeper({
    clock,
    logger,
    gate: ovs,
    wire,
    store,
    closeStore: () => store.stop(),
    map: new PoolMap(client, logger),
    leaving,
    metrics: slotMetrics(registry),
    incarnation,
    moves: {
      holdDownMs: settings.SLUICE_HOLD_DOWN_SECONDS * 1000,
      maxConcurrentMoves: settings.SLUICE_MAX_CONCURRENT_MOVES,
      drainMs: settings.SLUICE_DRAIN_TIMEOUT_SECONDS * 1000,
    },
    switchUp,
    liveness: () => ovs.liveness,
  });
  ovs.onFrame((frame) => wire.heard(frame));
  ovs.onForwarding(() => keeper.switchChanged());
  ovs.onLiveness(() => keeper.livenessChanged());
  store.start();
  return keeper;
}
