/** With a program in the place of kubectl. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubectlCluster } from './cluster.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'load-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const deployment = { spec: { replicas: 4, selector: { matchLabels: { app: 'backend' } } } };
const gateway = (name: string, spec: object, state: string) => ({
  metadata: { name },
  spec,
  status: { state },
});
const gateways = {
  items: [
    gateway('gw-1', {}, 'Ready'),
    gateway('gw-2', { draining: true }, 'Ready'),
    gateway('gw-3', {}, 'NotReady'),
  ],
};

/** Answers by what it is asked for, and writes what it was asked. */
function fakeKubectl(): string {
  const path = join(directory, 'kubectl');
  const script = `#!/bin/sh
echo "$@" >> '${directory}/asked'
case "$*" in
  *--watch*) printf 'web-1//True\\n' ; exec sleep 60 ;;
  'get pods'*) printf 'web-1//True\\nweb-2//False\\n' ;;
  'get deployment'*) echo '${JSON.stringify(deployment)}' ;;
  'get egressgateways'*) echo '${JSON.stringify(gateways)}' ;;
esac
`;
  writeFileSync(path, script, { mode: 0o755 });
  return path;
}

const settings = (kubectl: string) => ({ kubectl, namespace: 'sluice-load', deployment: 'backend' });
const asked = (): readonly string[] => readFileSync(join(directory, 'asked'), 'utf8').trimEnd().split('\n');

describe('a cluster by kubectl', () => {
  it('is read', async () => {
    const cluster = await KubectlCluster.open(settings(fakeKubectl()));
    expect(await cluster.replicas()).toBe(4);
    expect(await cluster.gateways()).toEqual(['gw-1']);
  });

  it('is changed', async () => {
    const cluster = await KubectlCluster.open(settings(fakeKubectl()));
    await cluster.scale(6);
    await cluster.drain('gw-1', true);
    expect(asked().slice(1)).toEqual([
      'scale -n sluice-load deployment/backend --replicas=6',
      'patch egressgateways.sluice.dev gw-1 --type=merge -p {"spec":{"draining":true}}',
    ]);
  });

  it('is followed, and loses a Pod that serves, once', async () => {
    const cluster = await KubectlCluster.open(settings(fakeKubectl()));
    await cluster.follow();
    try {
      expect([...cluster.lives]).toEqual([['web-1', { sinceMs: -Infinity }]]);
      expect(cluster.follows).toBe(true);
      await cluster.deletePod();
      expect(asked()).toContain('delete pod -n sluice-load web-1 --wait=false');
      await expect(cluster.deletePod()).rejects.toThrow('no Pod serves');
    } finally {
      cluster.close();
    }
  });
});

describe('without access', () => {
  it('says what to set when kubectl says no', async () => {
    const path = join(directory, 'kubectl');
    writeFileSync(path, '#!/bin/sh\necho "connection refused" >&2\nexit 1\n', { mode: 0o755 });
    const open = KubectlCluster.open(settings(path));
    await expect(open).rejects.toThrow('Deployment sluice-load/backend by kubectl, which does not work');
    await expect(open).rejects.toThrow(/connection refused\nset KUBECONFIG/);
  });

  it('says what to set when there is no kubectl', async () => {
    const open = KubectlCluster.open(settings(join(directory, 'missing')));
    await expect(open).rejects.toThrow('set KUBECONFIG (and LOAD_KUBECTL');
  });
});
