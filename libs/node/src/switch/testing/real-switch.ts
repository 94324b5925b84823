/** For specs: Sluice's adapter, connected to an Open vSwitch of its own that has the bridge and no flows. */
import { rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@sluice/core';
import { bridgeName } from '@sluice/datapath';
import { RealOvs } from '../../../../ovs/src/testing/real-ovs.js';
import { OvsSwitch } from '../ovs-switch.js';

export interface RealSwitch {
  readonly real: RealOvs;
  readonly ovs: OvsSwitch;
  stop(): Promise<void>;
}

/** Says that nothing is missing on the bridge as soon as there is a connection to it. */
export function programmed(ovs: OvsSwitch): Promise<void> {
  return new Promise((resolve) => {
    let done = false;
    const program = (): void => {
      if (done) return;
      done = ovs.isForwarding;
      if (done) resolve();
      // Without a connection it is refused, and the next change comes with one.
      else
        ovs
          .installed()
          .then(() => ovs.restored())
          .catch(() => undefined);
    };
    ovs.onChange(program);
    ovs.onForwarding(program);
    program();
  });
}

export async function realSwitch(): Promise<RealSwitch> {
  const real = await RealOvs.start();
  await real.addBridge(bridgeName, [1]);
  // Where a client looks for the control socket: by a pid file.
  const link = join(real.runDir, 'ovs-vswitchd.spec.ctl');
  await writeFile(join(real.runDir, 'ovs-vswitchd.pid'), 'spec\n');
  await rm(link, { force: true });
  await symlink(real.controlSocket, link);
  const ovs = new OvsSwitch({
    runDirectory: real.runDir,
    datapath: 'netdev',
    clock: systemClock,
    logger: silentLogger,
  });
  const connected = new Promise<void>((resolve) => {
    ovs.onChange(() => {
      if (ovs.state.kind === 'ready') resolve();
    });
  });
  ovs.start();
  await connected;
  await programmed(ovs);
  return {
    real,
    ovs,
    stop: async () => {
      await ovs.stop();
      await real.stop();
    },
  };
}
