import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { settingsFrom } from '../settings.js';
import { endpoints, labManifest, namespace, sourcesOf } from './cluster.js';
import { type LabService, targetsIn } from './ways.js';

const manifest = readFileSync('load-tests/deploy/targets.yaml', 'utf8');

interface Found {
  readonly kind: string;
  readonly metadata: { readonly namespace?: string; readonly name: string };
  readonly spec?: {
    readonly replicas?: number;
    readonly template?: { readonly spec: { readonly containers: readonly object[] } };
  };
}
const objects = (text: string): readonly Found[] => parseAllDocuments(text).map((one) => one.toJS() as Found);

describe('the manifest in a lab', () => {
  const plain = objects(manifest);
  const changed = objects(labManifest(manifest));

  it('has the image of the lab, and nothing else changes', () => {
    expect(changed).toHaveLength(plain.length);
    const containers = changed.flatMap(({ spec }) => spec?.template?.spec.containers ?? []);
    expect(containers).toHaveLength(2);
    for (const container of containers)
      expect(container).toMatchObject({
        image: 'docker.io/library/sluice-lab-client:latest',
        imagePullPolicy: 'Never',
        command: ['/usr/local/bin/agnhost'],
      });
    const others = (all: readonly Found[]) => all.filter(({ kind }) => kind !== 'Deployment');
    expect(others(changed)).toEqual(others(plain));
  });

  it('has the names and the number that runs use', () => {
    const { cluster } = settingsFrom({ LOAD_TCP: 'a:1' });
    const deployment = plain.find(({ kind }) => kind === 'Deployment');
    expect(deployment?.metadata).toMatchObject({ namespace, name: cluster.deployment });
    expect(cluster.namespace).toBe(namespace);
    expect(deployment?.spec?.replicas).toBe(endpoints);
  });
});

describe('a lab', () => {
  const pair = (host: number) => ({ ipv4: `198.18.0.${host}`, ipv6: `2001:db8:18::${host}` });
  const node = (host: number) => ({ uplink: { ...pair(host), mac: '' } }) as never;
  const plan = { nodes: [{} as never, node(3), node(4)], families: ['ipv4', 'ipv6'] as const };
  const service = (name: string, spec: object, ips: readonly string[] = []): LabService => ({
    metadata: { name },
    spec: { ports: [{ name: 'http', port: 80, ...spec }] },
    status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
  });

  it('is visited on every way that there is', () => {
    const services = [
      service('affinity', { nodePort: 30_001 }, ['198.18.0.97']),
      service('load-balancer', {}, ['198.18.0.96', '2001:db8:18::100']),
      service('node-port', { nodePort: 30_000 }),
    ];
    expect(targetsIn(plan, services)).toEqual({
      LOAD_HTTP:
        '198.18.0.96:80,[2001:db8:18::100]:80,198.18.0.3:30000,[2001:db8:18::3]:30000,198.18.0.4:30000,[2001:db8:18::4]:30000',
      LOAD_TCP: '',
      LOAD_AFFINITY:
        '198.18.0.3:30001,[2001:db8:18::3]:30001,198.18.0.4:30001,[2001:db8:18::4]:30001,198.18.0.97:80',
    });
  });

  it('is visited from addresses with all values of the bits that the hash sees', () => {
    const sources = sourcesOf(plan);
    expect(sources).toHaveLength(32);
    expect(sources).toEqual(expect.arrayContaining(['198.18.0.32', '198.18.0.47', '2001:db8:18::4f']));
    expect(new Set(sources).size).toBe(32);
  });
});
