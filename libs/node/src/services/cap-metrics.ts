/** What a gateway tells about Services that have a cap. */
import { Gauge, type Registry } from 'prom-client';

export interface CapMetrics {
  readonly connections: Gauge<'namespace' | 'service'>;
  readonly caps: Gauge<'namespace' | 'service'>;
}

export function capMetrics(registry: Registry): CapMetrics {
  const registers = [registry];
  const labelNames = ['namespace', 'service'] as const;
  return {
    connections: new Gauge({
      name: 'sluice_service_connections',
      help: 'Connections that the gateway carries of a Service that has a cap.',
      labelNames,
      registers,
    }),
    caps: new Gauge({
      name: 'sluice_service_connection_cap',
      help: 'From how many connections of the Service on the gateway refuses new ones.',
      labelNames,
      registers,
    }),
  };
}
