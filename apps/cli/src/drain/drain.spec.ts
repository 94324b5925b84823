/** On a real API server: what is written, what is waited for, and how it ends. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  configMaps,
  crdObjects,
  type CustomResourceDefinition,
  customResourceDefinitions,
  egressGateways,
  type EgressGatewayState,
  egressPools,
  type EgressPoolSlot,
  KubeClient,
  loadClusterConfig,
  namespaces,
  nodes,
} from '@sluice/kube';
import { RealApiServer } from '../../../../libs/kube/src/testing/real-apiserver.js';
import { exitCodeOf } from '../failure.js';
import { sluicectl } from '../program.js';
import { pool } from '../testing/objects.js';

jest.setTimeout(120_000);

let server: RealApiServer;
let client: KubeClient;
const fieldManager = 'test';
const both = ['gw-1', 'gw-2'];

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds()));
}

async function install(definition: object): Promise<void> {
  const object = definition as CustomResourceDefinition;
  await client.create(customResourceDefinitions, object);
  await until(async () => {
    const found = await client.get(customResourceDefinitions, { name: object.metadata.name });
    return (
      found.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') ===
      true
    );
  });
}

const setSlots = (slots: readonly Partial<EgressPoolSlot>[]): Promise<unknown> => {
  const { status = {} } = pool('default', slots);
  return client.patch(egressPools, { name: 'default' }, { status }, { subresource: 'status' });
};

const setState = (name: string, state: EgressGatewayState, leavingSlots = 0): Promise<unknown> =>
  client.patch(egressGateways, { name }, { status: { state, leavingSlots } }, { subresource: 'status' });

const draining = async (name: string): Promise<boolean> =>
  (await client.get(egressGateways, { name })).spec.draining;

/** Runs a command line; `said` is called for each line that it prints. */
async function run(words: readonly string[], said: (line: string) => unknown = () => undefined) {
  const lines: string[] = [];
  const program = sluicectl((line) => {
    lines.push(line);
    void said(line);
  });
  const code = await program
    .parseAsync(['--kubeconfig', server.kubeconfigFile, ...words], { from: 'user' })
    .then(
      () => 0,
      (error: unknown) => {
        lines.push(error instanceof Error ? error.message : String(error));
        return exitCodeOf(error);
      },
    );
  return { code, lines };
}

beforeAll(async () => {
  server = await RealApiServer.start();
  client = new KubeClient(await loadClusterConfig({ kubeconfig: server.kubeconfigFile }));
  await Promise.all(crdObjects().map(install));
  await client.create(namespaces, { metadata: { name: 'sluice-system' } });
  const { spec } = pool('default', [{}, {}]);
  await client.create(egressPools, { metadata: { name: 'default' }, spec });
  for (const name of both) {
    await client.create(nodes, { metadata: { name } });
    const gateway = { nodeName: name, uplinkInterface: 'e0', capacity: 4096, draining: false };
    await client.create(egressGateways, { metadata: { name }, spec: gateway });
  }
});

afterAll(async () => {
  await client.close();
  await server.stop();
});

beforeEach(async () => {
  for (const name of both) {
    await client.patch(egressGateways, { name }, { spec: { draining: false } });
    await setState(name, 'Ready');
  }
  await setSlots([
    { holder: 'gw-1', order: both },
    { holder: 'gw-1', order: both },
  ]);
});

describe('drain', () => {
  it('asks for it, and returns at once', async () => {
    const { code, lines } = await run(['drain', 'gw-1']);
    expect({ code, first: lines[0] }).toEqual({ code: 0, first: 'gw-1 drains; 2 slots to give away' });
    expect(await draining('gw-1')).toBe(true);
    const { managedFields = [] } = (await client.get(egressGateways, { name: 'gw-1' })).metadata;
    expect(JSON.stringify(managedFields)).toContain('"sluicectl"');
  });

  it('--wait follows the slots until none is held, and says what still passes', async () => {
    const { code, lines } = await run(['drain', 'gw-1', '--wait'], (line) => {
      if (line === 'gw-1 holds 2 slots')
        return setSlots([{ holder: 'gw-2', previous: 'gw-1' }, { holder: 'gw-1' }]);
      if (line.startsWith('gw-1 holds 1 slot;')) {
        return setSlots([{ holder: 'gw-2', previous: 'gw-1' }, { holder: 'gw-2' }]);
      }
    });
    expect(code).toBe(0);
    expect(lines.slice(0, 4)).toEqual([
      'gw-1 drains; 2 slots to give away',
      'gw-1 holds 2 slots',
      'gw-1 holds 1 slot; 1 slot with connections of before',
      'gw-1 holds no slots; 1 slot with connections of before',
    ]);
    expect(lines.join()).toContain('sluicectl drain gw-1 --wait-connections');
  });

  it('--wait-connections follows until nothing depends on it', async () => {
    await setState('gw-1', 'Draining', 1);
    await setSlots([{ holder: 'gw-2', previous: 'gw-1' }, { holder: 'gw-2' }]);
    const { code, lines } = await run(['drain', 'gw-1', '--wait-connections'], (line) => {
      if (line.includes('of before')) return setSlots([{ holder: 'gw-2' }, { holder: 'gw-2' }]);
      if (line.includes('turn away')) return setState('gw-1', 'Draining', 0);
    });
    expect(code).toBe(0);
    expect(lines.slice(1, 4)).toEqual([
      'gw-1 holds no slots; 1 slot with connections of before',
      'gw-1 holds no slots; the nodes turn away from 1 slot',
      'gw-1 holds no slots',
    ]);
    expect(lines.join()).toContain('may be restarted');
  });

  it('ends with its own code when the time is over, and goes on draining', async () => {
    const { code, lines } = await run(['drain', 'gw-1', '--wait', '--timeout', '1s']);
    expect({ code, last: lines.at(-1) }).toEqual({
      code: 5,
      last: expect.stringContaining('gave up waiting for gw-1 to hold no slots') as unknown,
    });
    expect(await draining('gw-1')).toBe(true);
  });

  it('names the gateways that there are', async () => {
    const { code, lines } = await run(['drain', 'gw-9']);
    expect({ code, lines }).toEqual({
      code: 2,
      lines: ['there is no EgressGateway gw-9; there are gw-1, gw-2'],
    });
  });

  it('refuses where nobody could take the slots, unless it is forced', async () => {
    await setState('gw-2', 'Lost');
    const refused = await run(['drain', 'gw-1']);
    expect(refused.code).toBe(4);
    expect(refused.lines[0]).toContain('gw-2 is Lost');
    expect(await draining('gw-1')).toBe(false);
    expect((await run(['drain', 'gw-1', '--force'])).code).toBe(0);
    expect(await draining('gw-1')).toBe(true);
  });

  it('refuses where gateways do not coordinate', async () => {
    const metadata = { namespace: 'sluice-system', name: 'sluice-config' };
    await client.apply(configMaps, { metadata, data: { SLUICE_REDIS_URL: '' } }, { fieldManager });
    expect(await run(['drain', 'gw-1'])).toMatchObject({ code: 4 });
    await client.apply(configMaps, { metadata, data: { SLUICE_REDIS_URL: 'redis://x' } }, { fieldManager });
    expect(await run(['drain', 'gw-1'])).toMatchObject({ code: 0 });
    await client.delete(configMaps, metadata);
  });
});

describe('undrain', () => {
  it('--wait follows until it has what it should have', async () => {
    await run(['drain', 'gw-1']);
    await setState('gw-1', 'Draining');
    await setSlots([
      { holder: 'gw-2', order: both },
      { holder: 'gw-2', order: [...both].reverse() },
    ]);
    const { code, lines } = await run(['undrain', 'gw-1', '--wait'], (line) => {
      if (line.startsWith('gw-1 is Draining')) return setState('gw-1', 'Ready');
      if (line.startsWith('gw-1 is Ready; it holds 0')) {
        return setSlots([
          { holder: 'gw-1', order: both },
          { holder: 'gw-2', order: [...both].reverse() },
        ]);
      }
    });
    expect(code).toBe(0);
    expect(lines.slice(1)).toEqual([
      'gw-1 is Draining; it holds 0 slots, 1 still to come',
      'gw-1 is Ready; it holds 0 slots, 1 still to come',
      'gw-1 is Ready; it holds 1 slot, 0 still to come',
    ]);
    expect(await draining('gw-1')).toBe(false);
  });

  it('says that a cordoned node goes on draining', async () => {
    await client.patch(nodes, { name: 'gw-1' }, { spec: { unschedulable: true } });
    const { code, lines } = await run(['undrain', 'gw-1']);
    await client.patch(nodes, { name: 'gw-1' }, { spec: { unschedulable: null } });
    expect(code).toBe(0);
    expect(lines.join()).toContain('kubectl uncordon gw-1');
  });
});

describe('completion', () => {
  it('knows the gateways of the cluster', async () => {
    const words = ['__complete', '--', '--kubeconfig', server.kubeconfigFile, 'drain', 'gw'];
    expect(await run(words)).toEqual({ code: 0, lines: ['gw-1\ngw-2'] });
  });
});
