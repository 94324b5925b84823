/** Tells how many connections the Services with a cap have on this gateway: metrics, the log, events of the Service. */
import { type Logger } from '@sluice/core';
import { type EventRecorder, type Reason, type Service } from '@sluice/kube';
import { type CapMetrics } from './cap-metrics.js';
import { type CapState } from './connection-caps.js';

export interface CapReporterOptions {
  readonly logger: Logger;
  readonly metrics: CapMetrics;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly services: () => readonly Service[];
  readonly nodeName: string;
}

const told = {
  near: {
    type: 'Warning',
    reason: 'ConnectionsNearCap',
    what: 'and refuses new ones when it has all of them',
  },
  full: { type: 'Warning', reason: 'ConnectionsCapped', what: 'and refuses new ones' },
  free: { type: 'Normal', reason: 'ConnectionsBelowCap', what: 'and accepts new ones' },
} as const satisfies Record<CapState['state'], { type: string; reason: Reason; what: string }>;

const namesOf = (key: string): { readonly namespace: string; readonly name: string } => {
  const [namespace = '', name = ''] = key.split('/', 2);
  return { namespace, name };
};

export class CapReporter {
  constructor(private readonly options: CapReporterOptions) {}

  counted(states: readonly CapState[]): void {
    const { connections: gauge, caps } = this.options.metrics;
    gauge.reset();
    caps.reset();
    for (const { service: key, connections, cap } of states) {
      const { namespace, name: service } = namesOf(key);
      gauge.set({ namespace, service }, connections);
      caps.set({ namespace, service }, cap);
    }
  }

  tell({ service: key, connections, cap, state }: CapState): void {
    const { logger, recorder, services, nodeName } = this.options;
    const { namespace, name } = namesOf(key);
    const { type, reason, what } = told[state];
    const message = `${nodeName} carries ${String(connections)} of ${String(cap)} connections, ${what}`;
    logger[type === 'Warning' ? 'warn' : 'info']({ namespace, service: name, reason }, message);
    const found = services().find(
      ({ metadata }) => metadata.namespace === namespace && metadata.name === name,
    );
    const uid = found?.metadata.uid;
    if (uid !== undefined)
      recorder.record({ regarding: { kind: 'Service', namespace, name, uid }, type, reason, message });
  }
}
