import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { parseAllDocuments } from 'yaml';
// Only a real API server says what the policy does.
import { findProgram, RealApiServer } from '../../../../libs/kube/src/testing/real-apiserver.js';
import { renderManifest } from './manifest.js';

jest.setTimeout(120_000);

let server: RealApiServer;

function kubectl(args: readonly string[], input: object = {}): string {
  const command = ['--kubeconfig', server.kubeconfigFile, ...args];
  return execFileSync(findProgram('kubectl'), command, {
    input: JSON.stringify(input),
    encoding: 'utf8',
    stdio: 'pipe',
  });
}

/** What the API server says to it. */
function create(...items: readonly object[]): string {
  try {
    return kubectl(['create', '-f', '-'], { apiVersion: 'v1', kind: 'List', items });
  } catch (error) {
    return (error as { readonly stderr: string }).stderr;
  }
}

function annotate(kind: string, what: readonly string[], annotation: string): string {
  try {
    return kubectl(['annotate', '--overwrite', kind, ...what, annotation]);
  } catch (error) {
    return (error as { readonly stderr: string }).stderr;
  }
}

const rules = () =>
  parseAllDocuments(renderManifest())
    .map((document) => document.toJS() as { readonly kind: string })
    .filter(({ kind }) => /^(Namespace|CustomResourceDefinition|Validating)/.test(kind));

const pool = (name: string, allowedNamespaces?: object) => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'EgressPool',
  metadata: { name },
  spec: { ranges: [{ cidr: '198.18.0.0/28' }], uplink: { nextHops: [] }, allowedNamespaces },
});

const namespace = (name: string, labels: object, annotations: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels, annotations },
});

const service = (namespace: string, pool: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace, name: `of-${pool}`, annotations: { 'sluice.dev/pool': pool } },
  spec: { ports: [{ port: 80 }] },
});

const asking = (name: string, labels: object, value: string) =>
  namespace(name, labels, { 'sluice.dev/egress': value });

beforeAll(async () => {
  server = await RealApiServer.start();
  kubectl(['create', '-f', '-'], { apiVersion: 'v1', kind: 'List', items: rules() });
  kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
  create(
    pool('open'),
    pool('blue', { matchLabels: { tenant: 'blue' } }),
    pool('some', {
      matchExpressions: [
        { key: 'tenant', operator: 'In', values: ['blue', 'green'] },
        { key: 'test', operator: 'DoesNotExist' },
      ],
    }),
    namespace('team-blue', { tenant: 'blue' }),
    namespace('team-red', { tenant: 'red' }),
  );
  // A policy takes effect a moment after its creation.
  const deadline = Date.now() + 30_000;
  while (
    !annotate('ns', ['team-red', '--dry-run=server'], 'sluice.dev/egress=pool/blue').includes('not for')
  ) {
    if (Date.now() > deadline) throw new Error('the policy has no effect');
  }
});

afterAll(() => server.stop());

describe('a namespace', () => {
  it.each([
    ['any pool without allowedNamespaces', { tenant: 'red' }, 'pool/open'],
    ['one that has its labels', { tenant: 'blue' }, 'pool/blue'],
    ['one whose requirements it meets', { tenant: 'green' }, 'pool/some'],
    ['an address, which the controller looks at', { tenant: 'red' }, '198.18.0.1'],
  ])('may ask for %s', (_, labels, value) => {
    const name = `may-${value.replaceAll(/[/.]/g, '-')}`;
    expect(create(asking(name, labels, value))).toContain('created');
  });

  it.each([
    ['whose labels it has not', {}, 'pool/blue'],
    ['whose requirements it does not meet', { tenant: 'red' }, 'pool/some'],
    ['that excludes it', { tenant: 'blue', test: 'yes' }, 'pool/some'],
  ])('may not ask for a pool %s, and is told why', (_, labels, value) => {
    expect(create(asking('no', labels, value))).toMatch(
      /EgressPool (blue|some) is not for this namespace; see its spec.allowedNamespaces/,
    );
  });

  it('that asked before the pool was closed is left in peace', () => {
    expect(create(asking('before', { tenant: 'red' }, 'pool/open'))).toContain('created');
    const closed = { spec: { allowedNamespaces: { matchLabels: { tenant: 'nobody' } } } };
    kubectl(['patch', 'egresspool', 'open', '--type=merge', '-p', JSON.stringify(closed)]);
    expect(annotate('ns', ['before'], 'other=1')).toContain('annotated');
  });
});

describe('a Service', () => {
  it('may ask for a pool of its namespace', () => {
    expect(create(service('team-blue', 'blue'))).toContain('created');
  });

  it('may not ask for another one', () => {
    expect(create(service('team-red', 'blue'))).toContain('EgressPool blue is not for this namespace');
  });
});
