/** kube-proxy on a host of its own in the small cluster. */
import { type ChildProcess } from 'node:child_process';
import { clusterCidrs, type KernelCluster, type Pair, programPath } from '@sluice/lab';
import { addOverlayHost } from './overlay-host.js';

export const modes = ['nftables', 'iptables', 'ipvs'] as const;
export type PeerMode = (typeof modes)[number];

export class Peer {
  private constructor(
    readonly mode: PeerMode,
    /** Where its node ports are. */
    readonly addresses: Pair,
    readonly process: ChildProcess,
  ) {}

  static async add(cluster: KernelCluster, mode: PeerMode): Promise<Peer> {
    const name = `peer-${mode}`;
    const { host, addresses } = await addOverlayHost(cluster, name, modes.indexOf(mode) + 1);
    // The address that node ports are on.
    await cluster.addNode({ name, internalAddresses: Object.values(addresses) });
    const process = await host.start('kube-proxy', [
      programPath('kube-proxy'),
      `--kubeconfig=${cluster.kubeconfig}`,
      `--hostname-override=${name}`,
      `--proxy-mode=${mode}`,
      `--cluster-cidr=${Object.values(clusterCidrs).join(',')}`,
      ...['--conntrack-max-per-core=0', '--conntrack-min=0'],
      ...['--conntrack-tcp-timeout-established=0s', '--conntrack-tcp-timeout-close-wait=0s'],
    ]);
    return new Peer(mode, addresses, process);
  }
}
