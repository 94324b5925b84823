/** The commands of the upgrade guide, as they stand there, on a running cluster under traffic. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { restart } from './support/components.js';
import { kubectl, kubectlJson, labStatus } from './support/lab.js';
import { drain, gateways, MovingEgress } from './support/moving-egress.js';
import { undisturbed } from './support/stalls.js';

const execute = promisify(execFile);
const egress = new MovingEgress('e2e-upgrade', { ipv4: '198.18.0.116', ipv6: '2001:db8:18::116' });
const root = resolve('.');
/** What the next version has in its Pods and this one has not. */
const mark = 'e2e.sluice.dev/upgraded';
let directory = '';
let run = '';
const directories: string[] = [];

/** The first block of commands under a heading of the guide. */
async function commands(heading: string): Promise<string> {
  const guide = await readFile(join(root, 'docs/guide/upgrade.md'), 'utf8');
  const section = guide.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const [, block] = /```bash\n(.*?)```/s.exec(section) ?? [];
  if (block === undefined) throw new Error(`docs/guide/upgrade.md has no commands under "${heading}"`);
  return block;
}

/** Makes a version that is newer than what runs, and a folder where the guide's commands find it, `kubectl` and `sluicectl`. */
async function nextVersion(): Promise<void> {
  directory = await mkdtemp(join(tmpdir(), 'sluice-upgrade-'));
  directories.push(directory);
  run = new Date().toISOString();
  for (const folder of ['bin', 'deploy']) await mkdir(join(directory, folder));
  await symlink((await labStatus()).kubectl, join(directory, 'bin/kubectl'));
  const sluicectl = `#!/bin/sh\nexec "${process.execPath}" "${join(root, 'dist/sluicectl.mjs')}" "$@"\n`;
  await writeFile(join(directory, 'bin/sluicectl'), sluicectl, { mode: 0o755 });
  await symlink(join(root, 'deploy/crds.yaml'), join(directory, 'deploy/crds.yaml'));
  const documents = parseAllDocuments(await readFile(join(root, 'deploy/sluice.yaml'), 'utf8'));
  for (const document of documents)
    if (document.hasIn(['spec', 'template']))
      document.setIn(['spec', 'template', 'metadata', 'annotations', mark], run);
  const manifest = documents.map((document) => String(document)).join('---\n');
  await writeFile(join(directory, 'deploy/sluice.yaml'), manifest);
}

async function follow(heading: string): Promise<void> {
  const { kubeconfig } = await labStatus();
  const path = [join(directory, 'bin'), process.env.PATH].join(delimiter);
  await execute('bash', ['-euo', 'pipefail', '-c', await commands(heading)], {
    cwd: directory,
    env: { ...process.env, KUBECONFIG: kubeconfig, PATH: path },
  });
}

/** "controller", "gateway-1/ovs" … of Pods that are those of the next version. */
async function upgraded(): Promise<readonly string[]> {
  interface Pods {
    readonly items: readonly {
      readonly metadata: {
        readonly labels?: Readonly<Record<string, string>>;
        readonly annotations?: Readonly<Record<string, string>>;
      };
      readonly spec: { readonly nodeName?: string };
    }[];
  }
  const { items } = await kubectlJson<Pods>('get', 'pods', '-n', 'sluice-system');
  return items
    .filter(({ metadata }) => metadata.annotations?.[mark] === run)
    .map(({ metadata, spec }) => [metadata.labels?.['app.kubernetes.io/component'], spec.nodeName])
    .map(([component, node]) => (component === 'controller' ? component : `${node}/${component}`))
    .sort();
}

/** Null: the default. The gateways that the upgrade starts read it; five minutes for each would be long. */
const setDrainTimeout = (seconds: string | null): Promise<string> =>
  kubectl(
    ...['patch', 'configmap', '-n', 'sluice-system', 'sluice-config', '--type=merge', '-p'],
    JSON.stringify({ data: { SLUICE_DRAIN_TIMEOUT_SECONDS: seconds } }),
  );

beforeAll(async () => {
  await setDrainTimeout('30');
  await egress.open();
});
beforeEach(async () => {
  await egress.settled();
});
afterAll(async () => {
  for (const gateway of gateways) await drain(gateway, false);
  await setDrainTimeout(null);
  await restart('gateway');
  await egress.settled();
  await egress.close();
  for (const name of directories) await rm(name, { recursive: true, force: true });
});

it('of definitions, controller, gateways and agents loses 0 packets', async () => {
  await undisturbed(async () => {
    await nextVersion();
    const seen = await egress.under(() => follow('Definitions, controller, gateways, agents'));
    egress.expectUnharmed(seen);
  });
  expect(await upgraded()).toEqual(
    ['controller', ...gateways.map((name) => `${name}/gateway`), 'worker-1/agent', 'worker-2/agent'].sort(),
  );
}, 600_000);

// The one before has told the cluster of the version.
it('of Open vSwitch on gateways loses 0 packets', async () => {
  const seen = await egress.under(() => follow('Open vSwitch on gateways'), { planned: true });
  egress.expectUnharmed(seen);
  expect(await upgraded()).toEqual(expect.arrayContaining(gateways.map((name) => `${name}/ovs`)));
}, 900_000);
