/** What a gateway does for Services beside its flows. */
import { type Clock, type Logger } from '@sluice/core';
import { type EventRecorder } from '@sluice/kube';
import { type World } from '@sluice/model';
import { type Registry } from 'prom-client';
import { type Switch } from '../switch/switch.js';
import { capMetrics } from './cap-metrics.js';
import { CapReporter } from './cap-reporter.js';
import { ConnectionCaps } from './connection-caps.js';
import { HealthChecks } from './health-checks.js';
import { StaleClients } from './stale-clients.js';

export interface GatewayServicesOptions {
  readonly nodeName: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly recorder: EventRecorder;
  readonly world: () => World;
  readonly switch: Pick<Switch, 'forgetDatagrams' | 'connections' | 'endConnection'>;
  /** Zone of conntrack of the gateway's NAT, and what is in it, as Open vSwitch writes it. */
  readonly zone: number;
  readonly dump: () => Promise<string>;
  /** Whether this gateway does its work. */
  readonly isHealthy: () => boolean;
  /** Something changed that the intent depends on. */
  readonly onChange: () => void;
}

export interface GatewayServices {
  readonly healthChecks: HealthChecks;
  readonly staleClients: StaleClients;
  readonly caps: ConnectionCaps;
}

export function gatewayServices(options: GatewayServicesOptions): GatewayServices {
  const { clock, logger, registry, recorder, nodeName, world, zone, dump, isHealthy, onChange } = options;
  const reporter = new CapReporter({
    ...{ logger, recorder, nodeName, metrics: capMetrics(registry) },
    services: () => world().services,
  });
  return {
    healthChecks: new HealthChecks({ logger, isHealthy }),
    staleClients: new StaleClients({ switch: options.switch, zone, clock, logger }),
    caps: new ConnectionCaps({
      ...{ clock, logger, dump, onChange },
      tell: (state) => reporter.tell(state),
      onCounted: (states) => reporter.counted(states),
    }),
  };
}
