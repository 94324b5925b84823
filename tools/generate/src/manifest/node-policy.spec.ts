import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { parseAllDocuments } from 'yaml';
// The conformance tests' API server: only a real one says what the policy does.
import { findProgram, RealApiServer } from '../../../../libs/kube/src/testing/real-apiserver.js';
import { renderManifest } from './manifest.js';

jest.setTimeout(120_000);

let server: RealApiServer;

function kubectl(args: readonly string[], input = ''): string {
  const flags = ['--kubeconfig', server.kubeconfigFile];
  return execFileSync(findProgram('kubectl'), [...flags, ...args], {
    input,
    encoding: 'utf8',
    stdio: 'pipe',
  });
}

/** What the API server says to the agent of worker-1. */
function agent(args: readonly string[], extra = ['authentication.kubernetes.io/node-name=worker-1']): string {
  const who = '--as=system:serviceaccount:sluice-system:sluice-agent';
  try {
    return kubectl([who, ...extra.map((value) => `--as-user-extra=${value}`), ...args]);
  } catch (error) {
    return (error as { readonly stderr: string }).stderr;
  }
}

const annotate = (node: string, annotation: string): readonly string[] => [
  ...['annotate', 'node', node, annotation],
  '--overwrite',
];
const own = 'sluice.dev/tunnel-address';

/** Everything of the manifest that decides what an agent may do. */
const rules = () =>
  parseAllDocuments(renderManifest())
    .map((document) => document.toJS() as { readonly kind: string })
    .filter(({ kind }) => /^(Namespace|ServiceAccount|Cluster|Validating)/.test(kind));

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
  server = await RealApiServer.start();
  const items = [...rules(), node('worker-1'), node('worker-2')];
  kubectl(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  // A policy takes effect a moment after its creation.
  const deadline = Date.now() + 30_000;
  while (!agent([...annotate('worker-2', `${own}=x`), '--dry-run=server']).includes('denied request')) {
    if (Date.now() > deadline) throw new Error('the policy has no effect');
  }
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
