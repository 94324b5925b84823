/** The controller's settings, from its environment. */
import { readEnvironment } from '@sluice/runtime';
import { z } from 'zod';

const controllerSettings = z.object({
  /** Name of the Pod: who leads, and who tells. */
  SLUICE_POD_NAME: z.string().min(1),
  SLUICE_NAMESPACE: z.string().min(1).default('sluice-system'),
  /** Uplink of gateways whose Node has no annotation sluice.dev/uplink-interface. */
  SLUICE_UPLINK_INTERFACE: z.string().min(1).max(15).default('eth1'),
  /** Where gateways coordinate; without it the controller assigns slots. */
  SLUICE_REDIS_URL: z.string().optional(),
  SLUICE_REDIS_SENTINELS: z.string().optional(),
  /** Whether LoadBalancer Services without a class get their addresses from pools. */
  SLUICE_DEFAULT_LOAD_BALANCER: z.stringbool().default(false),
  SLUICE_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  SLUICE_STATUS_PORT: z.coerce.number().int().min(0).max(65_535).default(9812),
});

export type ControllerSettings = z.output<typeof controllerSettings>;

/** The gateways decide among themselves who holds what. */
export const isCoordinated = (settings: ControllerSettings): boolean =>
  (settings.SLUICE_REDIS_URL ?? settings.SLUICE_REDIS_SENTINELS) !== undefined;

/** Throws ConfigError SLUICE_CONFIG_INVALID that lists every mistake. */
export const readSettings = (environment = process.env): ControllerSettings =>
  readEnvironment(controllerSettings, environment);
