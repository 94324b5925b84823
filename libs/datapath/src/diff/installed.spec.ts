/** What a real Open vSwitch makes of the compiled state: it takes all of it, and reads back equal. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type BundleMessage, OpenFlowClient } from '@sluice/ovs';
import { RealOvs } from '../../../ovs/src/testing/real-ovs.js';
import { compile } from '../compiler/compiler.js';
import { installedOf } from '../testing/installed.js';
import { intents } from '../testing/intents.js';
import { isEmptyOpenFlow } from './change.js';
import { diffInstalled } from './diff.js';

let ovs: RealOvs;

beforeAll(async () => {
  ovs = await RealOvs.start();
});
afterAll(() => ovs.stop());

async function connected(bridge: string): Promise<OpenFlowClient> {
  let up: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    up = resolve;
  });
  const client = new OpenFlowClient({
    socketPath: ovs.managementSocket(bridge),
    onState: (state) => {
      if (state === 'up') up();
    },
  });
  client.start();
  await ready;
  return client;
}

describe.each(Object.keys(intents) as (keyof typeof intents)[])('the state of %s', (name) => {
  test('is accepted, and nothing differs after it was read back', async () => {
    const bridge = `br-${name}`;
    await ovs.addBridge(bridge, [1, 2, 3]);
    const client = await connected(bridge);
    try {
      const desired = compile(intents[name]);
      const change = diffInstalled(desired, installedOf({}));
      const messages: readonly BundleMessage[] = [
        ...change.groups.add.map((group): BundleMessage => ({
          type: 'group_mod',
          mod: { command: 'add', group },
        })),
        ...change.flows.add.map((flow): BundleMessage => ({
          type: 'flow_mod',
          mod: { command: 'add', flow },
        })),
      ];
      expect(messages.length).toBeGreaterThan(30);
      await client.bundle(messages);
      const [flows, groups] = await Promise.all([client.dumpFlows(), client.dumpGroups()]);
      expect([flows.size, groups.size]).toEqual([desired.flows.length, desired.groups.length]);
      expect(isEmptyOpenFlow(diffInstalled(desired, { flows, groups, meters: [] }))).toBe(true);
      // And nothing had to be read for that: what is said in the same words is the same.
      expect(flows.unlike(desired.flows)).toEqual({ missing: [], left: [] });
      expect(groups.unlike(desired.groups)).toEqual({ missing: [], left: [] });
    } finally {
      await client.stop();
    }
  });

  test('does not touch what others own, and removes what is not desired any more', () => {
    const desired = compile(intents[name]);
    const [first] = desired.flows;
    if (first === undefined) throw new Error('the compiled state has no flows');
    const foreign = { ...first, table: 99, cookie: 0x1234n };
    const stale = { ...first, table: first.table, priority: 12_345 };
    const installed = installedOf({ flows: [...desired.flows, foreign, stale], groups: desired.groups });
    expect(diffInstalled(desired, installed).flows).toEqual({ add: [], remove: [stale] });
  });
});
