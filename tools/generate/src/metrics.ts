/** The reference of metrics, from the registries that the processes serve. */
import { capMetrics, commitMetrics, slotMetrics } from '@sluice/node';
import { Registry } from 'prom-client';
import { FleetMetrics } from '../../../apps/controller/src/fleet-metrics.js';
import { controllerMetrics } from '../../../apps/controller/src/metrics.js';

export interface DocumentedMetric {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** Not in the types of prom-client 15. */
interface Labelled {
  readonly labelNames?: readonly string[];
}

async function metricsOf(fill: (registry: Registry) => unknown): Promise<readonly DocumentedMetric[]> {
  const registry = new Registry();
  fill(registry);
  const all = await registry.getMetricsAsJSON();
  return all.map(({ name, type, help }) => {
    const { labelNames = [] } = registry.getSingleMetric(name) as Labelled;
    return { name, type: String(type), help, labels: labelNames.filter((label) => label !== 'le') };
  });
}

const processes = {
  'Controller (port 9812)': (registry: Registry): void => {
    controllerMetrics(registry);
    new FleetMetrics(registry);
  },
  'Gateway and agent (ports 9811 and 9810)': commitMetrics,
  'Gateway (port 9811)': capMetrics,
  'Gateway, where Redis is set': slotMetrics,
} as const;

/** By the process that serves them. */
export async function productMetrics(): Promise<ReadonlyMap<string, readonly DocumentedMetric[]>> {
  const entries = Object.entries(processes).map(async ([process, fill]) => {
    return [process, await metricsOf(fill)] as const;
  });
  return new Map(await Promise.all(entries));
}

const row = ({ name, type, labels, help }: DocumentedMetric): string =>
  `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`;

export async function renderMetrics(): Promise<string> {
  const sections = [...(await productMetrics())].map(([process, metrics]) =>
    [
      `## ${process}`,
      '',
      '| Metric | Type | Labels | Meaning |',
      '| --- | --- | --- | --- |',
      ...metrics.map(row),
    ].join('\n'),
  );
  return `# Metrics

Every process serves \`/metrics\` beside \`/healthz\` and \`/readyz\`. Beside those below there are the usual \`process_*\` and
\`nodejs_*\` of prom-client. How to scrape them, alerts and a dashboard: [monitoring](../guide/monitoring.md).

${sections.join('\n\n')}
`;
}
