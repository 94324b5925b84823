import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { renderManifest } from './manifest.js';
import { version } from './names.js';

interface Container {
  readonly image: string;
  readonly envFrom?: readonly { readonly configMapRef: { readonly name: string } }[];
  readonly securityContext: {
    readonly privileged?: boolean;
    readonly capabilities?: { readonly drop: readonly string[]; readonly add?: readonly string[] };
  };
}

interface Loaded {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly Readonly<Record<'apiGroups' | 'resources' | 'verbs', readonly string[]>>[];
  readonly spec?: {
    readonly updateStrategy?: { readonly type: string };
    readonly selector: { readonly matchLabels: object };
    readonly template: {
      readonly metadata: { readonly labels: object };
      readonly spec: { readonly serviceAccountName: string; readonly containers: readonly Container[] };
    };
  };
}

const objects = parseAllDocuments(renderManifest()).map((document) => document.toJS() as Loaded);
const named = (kind: string): readonly string[] =>
  objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name);

const workloads = objects.filter(({ kind }) => kind === 'Deployment' || kind === 'DaemonSet');
const workload = (name: string): NonNullable<Loaded['spec']> => {
  const found = workloads.find(({ metadata }) => metadata.name === `sluice-${name}`)?.spec;
  if (found === undefined) throw new Error(`no workload ${name}`);
  return found;
};
const containers = (name: string): readonly Container[] => workload(name).template.spec.containers;
const names = workloads.map(({ metadata }) => metadata.name.replace('sluice-', ''));

it('has the version of the package', () => {
  const { version: ofPackage } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(version).toBe(ofPackage);
});

describe.each(names)('workload %s', (name) => {
  it('refers to what the manifest has', () => {
    expect(named('ServiceAccount')).toContain(workload(name).template.spec.serviceAccountName);
    for (const { envFrom = [], image } of containers(name)) {
      for (const { configMapRef } of envFrom) expect(named('ConfigMap')).toContain(configMapRef.name);
      expect(image).toMatch(new RegExp(`:${version}$`));
    }
  });

  it('selects its own Pods', () => {
    const { selector, template } = workload(name);
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
  });
});

describe('privilege', () => {
  it('is with Open vSwitch alone', () => {
    const privileged = names.filter((name) =>
      containers(name).some(({ securityContext }) => securityContext.privileged === true),
    );
    expect(privileged).toEqual(['ovs']);
  });

  it.each(['agent', 'gateway'])('of the %s is NET_ADMIN', (name) => {
    for (const { securityContext } of containers(name))
      expect(securityContext.capabilities).toEqual({ drop: ['ALL'], add: ['NET_ADMIN'] });
  });

  it('is never a wildcard', () => {
    const rules = objects.flatMap(({ rules: of = [] }) => of);
    expect(rules.length).toBeGreaterThan(0);
    for (const { apiGroups, resources, verbs } of rules)
      expect([...apiGroups, ...resources, ...verbs]).not.toContain('*');
  });

  it('to read secrets is with nobody', () => {
    expect(objects.flatMap(({ rules = [] }) => rules.flatMap(({ resources }) => resources))).not.toContain(
      'secrets',
    );
  });
});

it('never restarts Open vSwitch by itself', () => {
  expect(workload('ovs').updateStrategy).toEqual({ type: 'OnDelete' });
});
