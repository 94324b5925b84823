/** Against the daemons of the machine; a version that nobody installs any more is a server that speaks their protocol. */
import { rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { silentLogger, systemClock } from '@sluice/core';
import { RealOvs } from '../../../ovs/src/testing/real-ovs.js';
import { OvsSwitch } from './ovs-switch.js';
import { type SwitchState } from './switch.js';
import { programmed } from './testing/real-switch.js';

let real: RealOvs;
let ovs: OvsSwitch;

/** Where a client looks for the control socket: by a pid file. */
async function pointTo(socket: string): Promise<void> {
  const link = join(real.runDir, 'ovs-vswitchd.spec.ctl');
  await writeFile(join(real.runDir, 'ovs-vswitchd.pid'), 'spec\n');
  await rm(link, { force: true });
  await symlink(socket, link);
}

/** Resolves with the first state of this kind, now or later. */
const becomes = (kind: SwitchState['kind']): Promise<SwitchState> =>
  new Promise((resolve) => {
    const look = () => {
      if (ovs.state.kind === kind) resolve(ovs.state);
    };
    ovs.onChange(look);
    look();
  });

/** Resolves when it tells of an OpenFlow connection that answers. */
const connects = (): Promise<void> =>
  new Promise((resolve) =>
    ovs.onForwarding(() => {
      ovs.gateEntries().then(
        () => resolve(),
        () => undefined,
      );
    }),
  );

/** ovs-vswitchd dies with the pipeline in it. */
async function diesProgrammed(): Promise<void> {
  await real.addBridge('br-sluice');
  ovs.start();
  await becomes('ready');
  await programmed(ovs);
  await real.killVswitchd();
  await becomes('absent');
}

beforeEach(async () => {
  real = await RealOvs.start();
  await pointTo(real.controlSocket);
  ovs = new OvsSwitch({
    runDirectory: real.runDir,
    datapath: 'system',
    clock: systemClock,
    logger: silentLogger,
  });
});

afterEach(async () => {
  await ovs.stop();
  await real.stop();
});

describe('the switch', () => {
  it('is absent without ovsdb-server, and says what to check', async () => {
    await real.killDatabase();
    ovs.start();
    const told = new Promise((resolve) => ovs.onChange(() => resolve(ovs.state)));
    expect(await told).toEqual({
      kind: 'absent',
      message: expect.stringMatching(/ovsdb-server.*check .*sluice-ovs/),
    });
    await real.startDatabase();
    await becomes('ready');
  });

  it('is absent without ovs-vswitchd, and ready when it starts, also while there is no bridge', async () => {
    await real.killVswitchd();
    ovs.start();
    const told = new Promise((resolve) => ovs.onChange(() => resolve(ovs.state)));
    expect(await told).toEqual({
      kind: 'absent',
      message: expect.stringMatching(/ovs-vswitchd.*check .*sluice-ovs/),
    });
    await real.startVswitchd();
    expect(await becomes('ready')).toMatchObject({ version: expect.stringMatching(/^\d+\.\d+/) });
  });

  it('notices by itself that ovs-vswitchd died', async () => {
    await diesProgrammed();
    expect(ovs.isForwarding).toBe(false);
    await real.startVswitchd();
    await becomes('ready');
  });

  it('forwards after a restart of ovs-vswitchd when its flows are back, and not before', async () => {
    await diesProgrammed();
    const answers = connects();
    await real.startVswitchd();
    const told: boolean[] = [];
    ovs.onForwarding(() => told.push(ovs.isForwarding));
    // It answers, and nobody has put the flows back.
    await answers;
    expect(ovs.isForwarding).toBe(false);
    await ovs.restored();
    expect(ovs.isForwarding).toBe(false);
    await programmed(ovs);
    expect(told.at(-1)).toBe(true);
  });
});

describe('an Open vSwitch that is too old', () => {
  let server: Server;

  beforeEach(async () => {
    const socket = join(real.runDir, 'old.ctl');
    const result = 'ovs-vswitchd (Open vSwitch) 2.17.9\n';
    server = createServer((client) => {
      client.on('data', () => client.write(JSON.stringify({ id: 0, result, error: null })));
    });
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    await pointTo(socket);
  });

  afterEach(() => {
    server.close();
  });

  it('is not used, and its successor is', async () => {
    ovs.start();
    expect(await becomes('too-old')).toEqual({ kind: 'too-old', version: '2.17.9' });
    expect(ovs.isForwarding).toBe(false);
    await pointTo(real.controlSocket);
    await becomes('ready');
  });
});
