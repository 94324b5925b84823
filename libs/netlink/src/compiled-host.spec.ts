/** The kernel takes what the datapath really asks for, and shows it back as asked. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type DatapathConfig, compile, defaultConfig } from '@sluice/datapath';
import { Nft } from '@sluice/nft';
import { intents } from '../../datapath/src/testing/intents.js';
import { HostState, KernelNetwork } from './index.js';
import { TestNamespace } from './testing/namespace.js';

const { routeTables, rulePriority } = defaultConfig;
const devices = ['sluice0', 'sluice-rej', 'br-sluice'];
const pools = [1, 2, 3].map((pool) => routeTables.poolBase + pool);
const tables = [routeTables.egress, routeTables.reply, routeTables.slow, ...pools];

let namespace: TestNamespace;
beforeEach(() => {
  namespace = new TestNamespace();
  for (const dev of devices) namespace.addLink(dev);
});
afterEach(() => namespace.remove());

describe.each(['agent', 'gateway', 'both'] as const)('of the %s', (role) => {
  it.each<DatapathConfig['datapath']>(['netdev', 'system'])('with the %s datapath', async (datapath) => {
    const { host } = compile(intents[role], { ...defaultConfig, datapath });
    const state = new HostState(new KernelNetwork({ netns: namespace.name }), {
      tables,
      rulePriority,
      devices,
    });
    const { changed, missing } = await state.reconcile(host);
    expect(missing).toEqual([]);
    expect(changed).toBeGreaterThan(10);
    expect(await state.reconcile(host)).toEqual({ changed: 0, missing: [] });

    const nft = new Nft({ netns: namespace.name });
    const names = host.nft.map(({ name }) => name);
    expect(names).not.toEqual([]);
    expect(await nft.ensure(host.nft, names)).toEqual({ rebuilt: names, added: 0, removed: 0 });
    expect(await nft.ensure(host.nft, names)).toEqual({ rebuilt: [], added: 0, removed: 0 });
  });
});
