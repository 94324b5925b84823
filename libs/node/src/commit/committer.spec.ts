/** The order of a commit, and what is forgotten after a failure; the parts themselves have their own tests. */
import { describe, expect, jest, test } from '@jest/globals';
import { silentLogger } from '@sluice/core';
import { Compiler, isEmptyOpenFlow, type Installed, type OpenFlowChange } from '@sluice/datapath';
import { type AgentIntent, type Intent } from '@sluice/model';
import { Registry } from 'prom-client';
import { installedOf } from '../../../datapath/src/testing/installed.js';
import { gatewayIntent } from '../../../datapath/src/testing/intents.js';
import { Committer } from './committer.js';
import { commitMetrics } from './metrics.js';

const agent: AgentIntent = {
  clusterCidrs: ['10.244.0.0/16'],
  podCidrs: ['10.244.1.0/24'],
  pods: [],
  egresses: [{ egressId: 7, slot: 1024, serving: [3] }],
  slots: [{ slot: 1024, gateways: [3] }],
};

const base: Intent = {
  nodeId: 1,
  nodeName: 'worker-1',
  underlayMtu: 1500,
  underlayFamily: 4,
  peers: [{ nodeId: 3, nodeName: 'gateway-1', address: '172.31.0.3', gateway: true }],
  agent,
};

/** A gateway that holds an egress address of IPv6, or does not. */
const gateway = (held: boolean): Intent => {
  const { egresses, ...rest } = gatewayIntent(3);
  const [first, ...others] = egresses;
  if (first === undefined) throw new Error('the gateway of the intents has no egress');
  return { ...base, nodeId: 3, peers: [], gateway: { ...rest, egresses: [{ ...first, held }, ...others] } };
};

const withPod = (egressId?: number): Intent => ({
  ...base,
  agent: {
    ...agent,
    pods: [
      {
        key: 'shop/a',
        address: '10.244.1.5',
        interface: 'veth1',
        verdict: egressId === undefined ? { kind: 'direct' } : { kind: 'capture', egressId },
      },
    ],
  },
});

const addsOf = ({ flows }: OpenFlowChange): string[] => (flows.add.length > 0 ? ['flows added'] : []);
const removalsOf = ({ flows }: OpenFlowChange): string[] =>
  flows.remove.length > 0 ? ['flows removed'] : [];

function rig() {
  const log: string[] = [];
  let installed: Installed = installedOf({});
  let refuse = false;
  let restart = false;
  let refuseNeighbours = false;
  const registry = new Registry();
  const metrics = commitMetrics(registry);
  const { firstCommit } = metrics;
  const compiler = new Compiler();
  const committer = new Committer({
    logger: silentLogger,
    metrics,
    ownTables: ['sluice_agent'],
    switch: {
      ensureBridge: async (_, { prune }) => {
        log.push(prune ? 'ports pruned' : 'ports');
        return Promise.resolve();
      },
      installed: async () => {
        log.push('read back');
        return Promise.resolve(installed);
      },
      commit: async (change) => {
        if (refuse) return Promise.reject(new Error('no'));
        expect(isEmptyOpenFlow(change)).toBe(false);
        log.push(...addsOf(change), ...removalsOf(change));
        if (restart) committer.forget();
        return Promise.resolve();
      },
    },
    host: {
      write: async () => {
        log.push('host');
        return Promise.resolve({ changed: 0, missing: [] });
      },
      changeNeighbours: async ({ add, remove }) => {
        log.push(`neighbours +${String(add.length)} -${String(remove.length)}`);
        return Promise.resolve(!refuseNeighbours);
      },
    },
    nft: {
      ensure: async () => {
        log.push('nft compared');
        return Promise.resolve({ rebuilt: [], added: 0, removed: 0 });
      },
      apply: async ({ addElements, removeElements }) => {
        log.push(`nft +${String(addElements.length)} -${String(removeElements.length)}`);
        return Promise.resolve();
      },
    },
  });
  return {
    log,
    refuse: (value: boolean) => {
      refuse = value;
    },
    refuseNeighbours: () => {
      refuseNeighbours = true;
    },
    /** Whether Open vSwitch is restarted as soon as it has what is committed. */
    restartAfterwards: (value: boolean) => {
      restart = value;
    },
    install: (intent: Intent) => {
      installed = installedOf(compiler.compile(intent));
    },
    commit: async (intent: Intent) => {
      log.length = 0;
      await committer.commit(compiler.compile(intent));
      return [...log];
    },
    counted: async () => (await registry.getSingleMetricAsString('sluice_flow_mods_total')).split('\n'),
    firstCommit: async () => (await firstCommit.get()).values[0]?.value ?? 0,
  };
}

describe('the first commit', () => {
  test('compares everything, receivers before senders', async () => {
    const { commit } = rig();
    expect(await commit(base)).toEqual([
      'ports',
      'host',
      'read back',
      'flows added',
      'nft compared',
      'ports pruned',
    ]);
  });

  test('changes no flow when everything is installed already', async () => {
    const { commit, install, counted } = rig();
    install(base);
    expect(await commit(base)).toEqual(['ports', 'host', 'read back', 'nft compared', 'ports pruned']);
    expect(await counted()).toContain('sluice_flow_mods_total{command="add"} 0');
  });
});

test('the time of the first commit is told, and no later one', async () => {
  const { commit, firstCommit } = rig();
  expect(await firstCommit()).toBe(0);
  const before = Date.now() / 1000;
  await commit(base);
  const first = await firstCommit();
  expect(first).toBeGreaterThanOrEqual(before);
  expect(first).toBeLessThanOrEqual(Date.now() / 1000);
  jest.useFakeTimers({ now: Date.now() + 3_600_000 });
  await commit({ ...base });
  jest.useRealTimers();
  expect(await firstCommit()).toBe(first);
});

describe('a later commit', () => {
  test('of the same state does nothing', async () => {
    const { commit } = rig();
    await commit(base);
    expect(await commit({ ...base })).toEqual([]);
  });

  test('of a captured Pod: the flow first, then the verdict', async () => {
    const { commit } = rig();
    await commit(base);
    expect(await commit(withPod(7))).toEqual(['flows added', 'nft +1 -0']);
  });

  test('of a Pod that is released: the verdict first, then the flow', async () => {
    const { commit } = rig();
    await commit(withPod(7));
    expect(await commit(withPod())).toEqual(['nft +1 -1', 'flows removed']);
  });

  test('of an address that is held: the host is not read', async () => {
    const { commit } = rig();
    await commit(gateway(false));
    const steps = await commit(gateway(true));
    expect(steps).toContain('neighbours +1 -0');
    expect(steps).not.toContain('host');
  });

  test('of an address that is held, and the host refuses something: it is read', async () => {
    const { commit, refuseNeighbours } = rig();
    await commit(gateway(false));
    refuseNeighbours();
    expect((await commit(gateway(true))).slice(0, 2)).toEqual(['neighbours +1 -0', 'host']);
  });

  test('of a gateway that is gone: its tunnel goes last', async () => {
    const { commit } = rig();
    await commit(base);
    const steps = await commit({ ...base, peers: [] });
    expect(steps.at(-1)).toBe('ports pruned');
    expect(steps).toContain('flows removed');
  });
});

test('after a failure the next commit reads back', async () => {
  const { commit, refuse } = rig();
  await commit(base);
  refuse(true);
  await expect(commit(withPod(7))).rejects.toThrow('no');
  refuse(false);
  expect(await commit(withPod(7))).toContain('read back');
});

test('what is forgotten while a commit is under way stays so: it may have gone to a switch that is no more', async () => {
  const { commit, restartAfterwards } = rig();
  await commit(base);
  restartAfterwards(true);
  await commit(withPod(7));
  restartAfterwards(false);
  expect(await commit(withPod(7))).toContain('read back');
});
