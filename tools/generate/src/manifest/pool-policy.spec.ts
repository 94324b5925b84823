import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { PolicyServer } from './testing/policy-server.js';

jest.setTimeout(120_000);

let server: PolicyServer;

const annotate = (name: string, annotation: string): readonly string[] => [
  ...['annotate', '--overwrite', 'ns', name, annotation],
];

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
  server = await PolicyServer.start(/^(Namespace|CustomResourceDefinition|Validating)/);
  server.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
  server.create(
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
  const asks = annotate('team-red', 'sluice.dev/egress=pool/blue');
  server.untilRefused([...asks, '--dry-run=server'], 'not for this namespace');
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
    expect(server.create(asking(name, labels, value))).toContain('created');
  });

  it.each([
    ['whose labels it has not', {}, 'pool/blue'],
    ['whose requirements it does not meet', { tenant: 'red' }, 'pool/some'],
    ['that excludes it', { tenant: 'blue', test: 'yes' }, 'pool/some'],
  ])('may not ask for a pool %s, and is told why', (_, labels, value) => {
    expect(server.create(asking('no', labels, value))).toMatch(
      /EgressPool (blue|some) is not for this namespace; see its spec.allowedNamespaces/,
    );
  });

  it('that asked before the pool was closed is left in peace', () => {
    expect(server.create(asking('before', { tenant: 'red' }, 'pool/open'))).toContain('created');
    const closed = { spec: { allowedNamespaces: { matchLabels: { tenant: 'nobody' } } } };
    server.kubectl(['patch', 'egresspool', 'open', '--type=merge', '-p', JSON.stringify(closed)]);
    expect(server.said(annotate('before', 'other=1'))).toContain('annotated');
  });
});

describe('a Service', () => {
  it('may ask for a pool of its namespace', () => {
    expect(server.create(service('team-blue', 'blue'))).toContain('created');
  });

  it('may not ask for another one', () => {
    expect(server.create(service('team-red', 'blue'))).toContain('EgressPool blue is not for this namespace');
  });
});
