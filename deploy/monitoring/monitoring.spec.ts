/** Alerts, dashboard and runbooks belong together, and to metrics that exist. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { slotMetrics } from '@sluice/node';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { Registry } from 'prom-client';
import { parse } from 'yaml';
import { productMetrics } from '../../tools/generate/src/metrics.js';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

const { groups } = parse(readFileSync('deploy/monitoring/alerts.yaml', 'utf8')) as RuleFile;
const rules = groups.flatMap((group) => group.rules).map((rule) => [rule.alert, rule] as const);
const { panels } = JSON.parse(readFileSync('deploy/monitoring/dashboard.json', 'utf8')) as Dashboard;
const expressions = panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const));

/** Name → labels, also those that Prometheus makes of a histogram. */
const known = new Map<string, readonly string[]>();

beforeAll(async () => {
  for (const { name, type, labels } of [...(await productMetrics()).values()].flat()) {
    known.set(name, labels);
    if (type !== 'histogram') continue;
    for (const part of ['count', 'sum']) known.set(`${name}_${part}`, labels);
    known.set(`${name}_bucket`, [...labels, 'le']);
  }
});

const named = (expr: string): readonly string[] => expr.match(/\bsluice_\w+/g) ?? [];
const unknown = (expr: string): readonly string[] => named(expr).filter((name) => !known.has(name));

/** Given by the scrape configuration of docs/guide/monitoring.md. */
const scraped = ['node', 'component', 'pod', 'job'];
const unknownLabels = (expr: string): readonly string[] => {
  const lists = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', '));
  const selected = [...expr.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].flatMap(([, label = '']) => label);
  const labels = named(expr).flatMap((name) => known.get(name) ?? []);
  return [...lists, ...selected].filter((label) => !scraped.includes(label) && !labels.includes(label));
};

const balanced = (expr: string): boolean =>
  ['()', '{}', '[]'].every(([open = '', close = '']) => expr.split(open).length === expr.split(close).length);

describe('alerts', () => {
  it.each(rules)('%s uses metrics and labels that exist', (_, { expr }) => {
    expect({ metrics: unknown(expr), labels: unknownLabels(expr), balanced: balanced(expr) }).toEqual({
      metrics: [],
      labels: [],
      balanced: true,
    });
  });

  it.each(rules)('%s says what is wrong, how bad it is and where to read on', (alert, rule) => {
    expect(alert).toMatch(/^Sluice[A-Z]/);
    expect(['critical', 'warning', 'info']).toContain(rule.labels.severity);
    expect(rule.for ?? '1m').toMatch(/^\d+[smh]$/);
    expect(Object.keys(rule.annotations)).toEqual(['summary', 'description', 'runbook_url']);
    expect(existsSync(rule.annotations.runbook_url ?? '')).toBe(true);
  });

  it('have names of their own', () => {
    expect(new Set(rules.map(([alert]) => alert)).size).toBe(rules.length);
  });

  it('exist for every alarm of the slot protocol', async () => {
    const registry = new Registry();
    slotMetrics(registry);
    const alarms = await registry.getSingleMetric('sluice_slot_alarms_total')?.get();
    const kinds = (alarms?.values ?? []).map(({ labels }) => String(labels.kind));
    const missing = kinds.filter((kind) => !rules.some(([, { expr }]) => expr.includes(`kind="${kind}"`)));
    expect({ some: kinds.length > 0, missing }).toEqual({ some: true, missing: [] });
  });
});

describe('the dashboard', () => {
  it.each(expressions)('shows metrics that exist: %s', (_, expr) => {
    expect({ metrics: unknown(expr), labels: unknownLabels(expr) }).toEqual({ metrics: [], labels: [] });
  });
});

describe('runbooks', () => {
  const files = readdirSync('docs/runbooks').filter((file) => file !== 'README.md');

  it.each(files)('%s belongs to an alert, and answers the four questions', (file) => {
    const own = rules.filter(([, { annotations }]) => annotations.runbook_url === `docs/runbooks/${file}`);
    const text = readFileSync(`docs/runbooks/${file}`, 'utf8');
    expect(own.length).toBeGreaterThan(0);
    for (const [alert] of own) expect(text).toContain(`\`${alert}\``);
    const headings = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual(['What it means', 'Traffic meanwhile', 'Look', 'Do']);
  });
});
