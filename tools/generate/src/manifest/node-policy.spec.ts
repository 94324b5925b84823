import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { PolicyServer } from './testing/policy-server.js';

jest.setTimeout(120_000);

let server: PolicyServer;

const byAgent = (
  args: readonly string[],
  extra = ['authentication.kubernetes.io/node-name=worker-1'],
): readonly string[] => [
  '--as=system:serviceaccount:sluice-system:sluice-agent',
  ...extra.map((value) => `--as-user-extra=${value}`),
  ...args,
];

/** What the API server says to the agent of worker-1. */
const agent = (...given: Parameters<typeof byAgent>): string => server.said(byAgent(...given));

const annotate = (node: string, annotation: string): readonly string[] => [
  ...['annotate', 'node', node, annotation],
  '--overwrite',
];
const own = 'sluice.dev/tunnel-address';

const node = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name,
    labels: { zone: 'a' },
    annotations: { b: '2', a: '1', 'sluice.dev/node-id': '1', c: '3' },
  },
});

beforeAll(async () => {
  server = await PolicyServer.start(/^(Namespace|ServiceAccount|Cluster|Validating)/);
  server.create(node('worker-1'), node('worker-2'));
  const writes = annotate('worker-2', `${own}=x`);
  server.untilRefused(byAgent([...writes, '--dry-run=server']), 'denied request');
});

afterAll(() => server.stop());

describe('an agent', () => {
  it('writes, changes and removes its tunnel address', () => {
    for (const change of [`${own}=172.31.0.11`, `${own}=172.31.0.12`, `${own}-`])
      expect(agent(annotate('worker-1', change))).toBe('node/worker-1 annotated\n');
  });

  it.each([
    ['another Node', annotate('worker-2', `${own}=172.31.0.66`), 'own Node only'],
    ['a new annotation', annotate('worker-1', 'other=1'), `${own} only`],
    ['an annotation of the controller', annotate('worker-1', 'sluice.dev/node-id=9'), `${own} only`],
    ['an annotation away', annotate('worker-1', 'a-'), `${own} only`],
    ['a label', ['label', 'node', 'worker-1', 'sluice.dev/gateway=true'], `${own} only`],
    ['the spec', ['patch', 'node', 'worker-1', '-p', '{"spec":{"unschedulable":true}}'], `${own} only`],
    [
      'a finalizer',
      ['patch', 'node', 'worker-1', '-p', '{"metadata":{"finalizers":["x.io/y"]}}'],
      `${own} only`,
    ],
  ])('cannot write %s', (_, args, why) => {
    expect(agent(args)).toContain(why);
  });

  it('without a node in its token writes nothing', () => {
    expect(agent(annotate('worker-1', `${own}=172.31.0.11`), [])).toContain('own Node only');
  });

  it('cannot read Secrets', () => {
    expect(agent(['get', 'secrets', '--all-namespaces'])).toContain('forbidden');
  });
});
