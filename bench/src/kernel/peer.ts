/** kube-proxy on a host of its own in the small cluster, whose Pods are a VXLAN tunnel away, as overlay CNIs have it. */
import { type ChildProcess } from 'node:child_process';
import { clusterCidr, type KernelCluster, podCidr, programPath } from '@sluice/lab';

export const modes = ['nftables', 'iptables', 'ipvs'] as const;
export type PeerMode = (typeof modes)[number];

const tunnel = { vni: '7', port: '4789', mtu: '1450' } as const;

export class Peer {
  private constructor(
    readonly mode: PeerMode,
    /** Where its node ports are. */
    readonly address: string,
    readonly process: ChildProcess,
  ) {}

  static async add(cluster: KernelCluster, mode: PeerMode): Promise<Peer> {
    const number = modes.indexOf(mode) + 1;
    const name = `peer-${mode}`;
    const [uplink, underlay] = [`198.18.0.${20 + number}`, `172.31.0.${20 + number}`];
    const host = await cluster.addHost(name, { uplink, underlay, management: `10.89.0.${20 + number}` });
    const device = `vx${number}`;
    const [own, far] = [`10.255.${number}.1`, `10.255.${number}.2`];
    const add = (local: string, remote: string): string =>
      `link add ${device} type vxlan id ${tunnel.vni}${number} dstport ${tunnel.port} local ${local} remote ${remote}`;
    const up = `link set ${device} mtu ${tunnel.mtu} up`;
    await host.ip(
      add(underlay, cluster.workerAddress),
      `addr add ${own}/30 dev ${device}`,
      up,
      `route add ${podCidr} via ${far}`,
    );
    await cluster.hosts.worker.ip(
      add(cluster.workerAddress, underlay),
      `addr add ${far}/30 dev ${device}`,
      up,
    );
    // The address that node ports are on.
    await cluster.addNode({ name, internalAddress: uplink });
    const process = await host.start('kube-proxy', [
      programPath('kube-proxy'),
      `--kubeconfig=${cluster.kubeconfig}`,
      `--hostname-override=${name}`,
      `--proxy-mode=${mode}`,
      `--cluster-cidr=${clusterCidr}`,
      ...['--conntrack-max-per-core=0', '--conntrack-min=0'],
      ...['--conntrack-tcp-timeout-established=0s', '--conntrack-tcp-timeout-close-wait=0s'],
    ]);
    return new Peer(mode, uplink, process);
  }
}
