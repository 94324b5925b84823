/** What the controller tells about its work. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface ControllerMetrics {
  readonly leading: Gauge;
  readonly planSeconds: Histogram;
  readonly writes: Counter<'kind' | 'result'>;
}

export function controllerMetrics(registry: Registry): ControllerMetrics {
  const registers = [registry];
  return {
    leading: new Gauge({ name: 'sluice_leader', help: '1 while this process leads.', registers }),
    planSeconds: new Histogram({
      name: 'sluice_plan_seconds',
      help: 'Time to compute a plan of the whole cluster.',
      buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1],
      registers,
    }),
    writes: new Counter({
      name: 'sluice_writes_total',
      help: 'Objects written, by kind and result.',
      labelNames: ['kind', 'result'],
      registers,
    }),
  };
}
