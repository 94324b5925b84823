/** Sluice on a host as its image has it: Open vSwitch with the kernel datapath, and a gateway or an agent. */
import { type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { sourceRoot } from '../../programs.js';
import { type Host } from './host.js';

/** What `npm run build` puts into the image. */
const image = join(sourceRoot, 'dist', 'image');

export interface SluiceSettings {
  readonly kubeconfig: string;
  /** Of the API server, which is no node. */
  readonly apiServer: string;
  /** URL; undefined: slots do not move. */
  readonly redis: string | undefined;
}

const environment = ({ kubeconfig, apiServer, redis }: SluiceSettings, { name, directory }: Host) => ({
  KUBECONFIG: kubeconfig,
  SLUICE_NODE_NAME: name,
  SLUICE_POD_NAME: name,
  SLUICE_DATAPATH: 'system',
  SLUICE_UPLINK_INTERFACE: 'e0',
  SLUICE_CLUSTER_CIDRS: `${apiServer}/32`,
  SLUICE_OVS_RUNDIR: join(directory, 'ovs'),
  SLUICE_OVS_DATADIR: join(directory, 'ovs-data'),
  SLUICE_STATE_DIR: directory,
  // Nothing moves back by itself.
  SLUICE_HOLD_DOWN_SECONDS: '3600',
  ...(redis === undefined ? {} : { SLUICE_REDIS_URL: redis }),
});

/** Starts one of Sluice's processes on a host. */
export async function startProcess(
  host: Host,
  process: 'controller' | 'gateway' | 'agent',
  settings: SluiceSettings,
): Promise<ChildProcess> {
  const command = [join(image, 'node'), '--v8-pool-size=1', join(image, `${process}.mjs`)];
  return host.start(process, command, environment(settings, host));
}

/** Open vSwitch as its image starts it. */
export async function startSwitch(host: Host, settings: SluiceSettings): Promise<void> {
  await host.start('ovs', ['sh', join(image, 'ovs-run')], environment(settings, host));
}
