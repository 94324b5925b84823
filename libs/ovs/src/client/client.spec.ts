/** The OpenFlow client against a real Open vSwitch that is refused things, killed and started again. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { OvsError } from '../errors.js';
import { parseFlow } from '../openflow/text/flow.js';
import { parseGroup } from '../openflow/text/group.js';
import { RealOvs } from '../testing/real-ovs.js';
import { unixctl } from '../unixctl/unixctl.js';
import { OpenFlowClient } from './client.js';

let ovs: RealOvs;
let client: OpenFlowClient;
let states: ('up' | OvsError)[] = [];
let wake: () => void = () => undefined;

const state = async (wanted: (last: 'up' | OvsError | undefined) => boolean): Promise<void> => {
  while (!wanted(states.at(-1))) {
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
};

const connect = async (bridge: string): Promise<OpenFlowClient> => {
  states = [];
  client = new OpenFlowClient({
    socketPath: ovs.managementSocket(bridge),
    onState: (next) => {
      states.push(next);
      wake();
    },
  });
  client.start();
  await state((last) => last === 'up');
  return client;
};

const add = (text: string) => ({ type: 'flow_mod', mod: { command: 'add', flow: parseFlow(text) } }) as const;
const addGroup = (text: string) =>
  ({ type: 'group_mod', mod: { command: 'add', group: parseGroup(text) } }) as const;

beforeAll(async () => {
  ovs = await RealOvs.start();
  await ovs.addBridge('br0', [1, 2]);
}, 60_000);
afterEach(() => client.stop());
afterAll(() => ovs.stop());

describe('a bundle', () => {
  test('installs groups and flows, which read back as they were', async () => {
    const subject = await connect('br0');
    await subject.bundle([
      addGroup('group_id=7,type=indirect,bucket=actions=output:2'),
      add('table=1,priority=5,ip,nw_src=10.0.0.1,actions=group:7'),
    ]);
    expect((await subject.dumpFlows()).items()).toEqual([
      parseFlow('table=1,priority=5,ip,nw_src=10.0.0.1,actions=group:7'),
    ]);
    expect((await subject.dumpGroups()).items().map(({ id }) => id)).toEqual([7]);
  });

  test('is all or nothing, and the error names the flow', async () => {
    const subject = await connect('br0');
    const before = (await subject.dumpFlows()).items();
    const bad = [add('table=2,priority=1,actions=drop'), add('table=2,priority=2,ip,actions=group:99')];
    await expect(subject.bundle(bad)).rejects.toMatchObject({
      code: 'OVS_OPENFLOW_REFUSED',
      message: expect.stringContaining('group:99'),
    });
    expect((await subject.dumpFlows()).items()).toEqual(before);
  });

  test('of 20,000 flows goes through', async () => {
    const subject = await connect('br0');
    const flows = Array.from({ length: 20_000 }, (_, i) =>
      add(`table=3,priority=10,ip,nw_src=10.${i >> 16}.${(i >> 8) & 255}.${i & 255},actions=output:2`),
    );
    await subject.bundle(flows);
    expect((await subject.dumpFlows({ table: 3 })).items()).toHaveLength(20_000);
    await subject.bundle([{ type: 'flow_mod', mod: { command: 'delete', filter: { table: 3 } } }]);
    expect((await subject.dumpFlows({ table: 3 })).items()).toEqual([]);
  }, 60_000);
});

test('packet-outs leave by their port', async () => {
  const subject = await connect('br0');
  const sent = async () =>
    Number(/tx pkts=(\d+)/.exec(await ovs.ofctl(['dump-ports', 'br0', '2']))?.[1] ?? 0);
  const before = await sent();
  await subject.packetOut(
    2,
    Array.from({ length: 1000 }, (_, at) => new Uint8Array(60 + at).fill(0xff)),
  );
  expect((await sent()) - before).toBe(1000);
});

test('a bridge without OpenFlow 1.5 is refused with what to do', async () => {
  await ovs.addBridge('br10');
  await ovs.vsctl('set', 'bridge', 'br10', 'protocols=OpenFlow10');
  states = [];
  client = new OpenFlowClient({
    socketPath: ovs.managementSocket('br10'),
    onState: (next) => {
      states.push(next);
      wake();
    },
  });
  client.start();
  await state((last) => last instanceof OvsError && last.code === 'OVS_VERSION_REFUSED');
  expect(String(states.at(-1))).toContain('protocols=');
}, 30_000);

test('ofproto/trace and refusals of the daemon by its control socket', async () => {
  await connect('br0');
  expect(await unixctl(ovs.controlSocket, 'ofproto/trace', 'br0', 'in_port=1')).toContain('Datapath actions');
  await expect(unixctl(ovs.controlSocket, 'ofproto/trace', 'nowhere')).rejects.toMatchObject({
    code: 'OVS_COMMAND_REFUSED',
  });
});

test('the switch is killed: requests fail, and the client is back when it is', async () => {
  const subject = await connect('br0');
  await subject.bundle([add('table=4,priority=1,actions=drop')]);
  await ovs.killVswitchd();
  await state((last) => last !== 'up');
  await expect(subject.dumpFlows()).rejects.toMatchObject({ code: 'OVS_UNAVAILABLE' });
  await ovs.startVswitchd();
  await state((last) => last === 'up');
  expect((await subject.dumpFlows({ table: 4 })).items()).toEqual([]);
}, 60_000);
