/** The gateway's settings: what all nodes share, and its own. */
import { nodeSettings } from '@sluice/node';
import { readEnvironment } from '@sluice/runtime';
import { z } from 'zod';

const gatewaySettings = nodeSettings.extend({
  SLUICE_STATUS_PORT: z.coerce.number().int().min(0).max(65_535).default(9811),
  /** Where load balancers ask for the service proxy, as they do of kube-proxy; 0: nowhere. */
  SLUICE_PROXY_HEALTH_PORT: z.coerce.number().int().min(0).max(65_535).default(10_256),
  /** The node runs Pods, too, and this process is also their agent: one bridge has one writer. */
  SLUICE_GATEWAY_IS_WORKER: z.stringbool().default(false),
});

export type GatewaySettings = z.output<typeof gatewaySettings>;

/** Throws ConfigError SLUICE_CONFIG_INVALID that lists every mistake. */
export const readSettings = (environment = process.env): GatewaySettings =>
  readEnvironment(gatewaySettings, environment);
