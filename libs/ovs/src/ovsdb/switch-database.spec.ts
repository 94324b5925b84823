/** The database client against a real ovsdb-server and ovs-vswitchd. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { RealOvs } from '../testing/real-ovs.js';
import { type BridgePort, type BridgeSettings, SwitchDatabase } from './switch-database.js';

let ovs: RealOvs;
let database: SwitchDatabase;
let ups = 0;
let wake: () => void = () => undefined;

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) {
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
};

const bridge: BridgeSettings = {
  name: 'br0',
  datapathType: 'dummy',
  failMode: 'secure',
  protocols: ['OpenFlow13', 'OpenFlow15'],
  otherConfig: { hwaddr: '02:5c:18:00:00:03' },
  ports: [
    { name: 'p1', type: 'dummy', ofport: 1 },
    { name: 't-9', type: 'geneve', ofport: 265, options: { remote_ip: '172.31.0.9', key: 'flow' } },
  ],
};

beforeAll(async () => {
  ovs = await RealOvs.start();
  database = new SwitchDatabase({
    socketPath: ovs.databaseSocket,
    onState: (state) => {
      if (state === 'up') ups++;
      wake();
    },
  });
  database.start();
  await until(() => ups > 0);
}, 60_000);

afterAll(async () => {
  await database.stop();
  await ovs.stop();
});

const ofports = () =>
  Object.fromEntries(database.interfaces('br0').map(({ name, ofport }) => [name, ofport]));

test('makes a bridge with ports, and they are there when it returns', async () => {
  await database.ensureBridge(bridge, { prune: true });
  expect(ofports()).toMatchObject({ p1: 1, 't-9': 265 });
  expect(await ovs.vsctl('get', 'bridge', 'br0', 'other_config:hwaddr')).toContain('02:5c:18:00:00:03');
});

test('changes nothing that is so already', async () => {
  const before = await ovs.vsctl('get', 'Open_vSwitch', '.', 'next_cfg');
  await database.ensureBridge(bridge, { prune: true });
  expect(await ovs.vsctl('get', 'Open_vSwitch', '.', 'next_cfg')).toBe(before);
});

test('adds, changes and removes ports', async () => {
  const moved = {
    name: 't-9',
    type: 'geneve',
    ofport: 265,
    options: { remote_ip: '172.31.0.8', key: 'flow' },
  };
  const next = { ...bridge, ports: [moved, { name: 'p2', type: 'dummy', ofport: 2 }] };
  await database.ensureBridge(next, { prune: false });
  expect(ofports()).toMatchObject({ p1: 1, p2: 2 });
  expect(await ovs.vsctl('get', 'interface', 't-9', 'options:remote_ip')).toContain('172.31.0.8');
  await database.ensureBridge(next, { prune: true });
  expect(ofports()).not.toHaveProperty('p1');
});

test('the server is killed: the cache is read anew when it is back', async () => {
  const before = ups;
  await ovs.killDatabase();
  await until(() => !database.isUp);
  await ovs.startDatabase();
  await until(() => ups > before);
  await database.ensureBridge(bridge, { prune: true });
  expect(ofports()).toMatchObject({ p1: 1 });
}, 60_000);

test('a refused transaction says which operation and why', async () => {
  const bad = { ...bridge, protocols: ['OpenFlow99'] };
  await expect(database.ensureBridge(bad, { prune: false })).rejects.toMatchObject({
    code: 'OVS_DATABASE_REFUSED',
  });
});

test('ends the wait for flows once, and only then', async () => {
  await ovs.vsctl('--no-wait', 'set', 'Open_vSwitch', '.', 'other_config:flow-restore-wait=true');
  await ovs.vsctl('--no-wait', 'set', 'Open_vSwitch', '.', 'other_config:kept=yes');
  while ((await ovs.vsctl('get', 'Open_vSwitch', '.', 'other_config')).includes('wait')) {
    await database.flowsRestored();
  }
  expect(await ovs.vsctl('get', 'Open_vSwitch', '.', 'other_config')).toContain('kept=yes');
  const before = await ovs.vsctl('get', 'Open_vSwitch', '.', 'next_cfg');
  await database.flowsRestored();
  expect(await ovs.vsctl('get', 'Open_vSwitch', '.', 'next_cfg')).toBe(before);
});

test('keeps what BFD was told before the start until the flows are back', async () => {
  const bfd = { enable: 'true', min_tx: '100' };
  const [p1, tunnel] = bridge.ports;
  const withBfd = (settings: BridgePort['bfd']): BridgeSettings => ({
    ...bridge,
    ports: [p1, { ...tunnel, bfd: settings }] as BridgePort[],
  });
  const told = async () => (await ovs.vsctl('get', 'Interface', 't-9', 'bfd')).trim();
  await database.ensureBridge(withBfd(bfd), { prune: true });
  await ovs.vsctl('--no-wait', 'set', 'Interface', 't-9', 'bfd:cpath_down=true');
  // Waits for a change behind it, so that the client has seen it, too.
  await database.ensureBridge({ ...withBfd(bfd), protocols: ['OpenFlow15'] }, { prune: true });
  const changes = () => ovs.vsctl('get', 'Open_vSwitch', '.', 'next_cfg');
  const before = await changes();
  await database.ensureBridge({ ...withBfd(bfd), protocols: ['OpenFlow15'] }, { prune: true });
  expect(await changes()).toBe(before);
  await database.ensureBridge(withBfd({ ...bfd, min_tx: '200' }), { prune: true });
  expect(await told()).toBe('{cpath_down="true", enable="true", min_tx="200"}');
  await database.flowsRestored();
  expect(await told()).toBe('{enable="true", min_tx="200"}');
});
