/** kube-proxy on a host of its own in the small cluster, whose Pods are a VXLAN tunnel away, as overlay CNIs have it. */
import { type ChildProcess } from 'node:child_process';
import { clusterCidrs, families, type KernelCluster, type Pair, podCidrs, programPath } from '@sluice/lab';

export const modes = ['nftables', 'iptables', 'ipvs'] as const;
export type PeerMode = (typeof modes)[number];

const tunnel = { vni: '7', port: '4789', mtu: '1450' } as const;

export class Peer {
  private constructor(
    readonly mode: PeerMode,
    /** Where its node ports are. */
    readonly addresses: Pair,
    readonly process: ChildProcess,
  ) {}

  static async add(cluster: KernelCluster, mode: PeerMode): Promise<Peer> {
    const number = modes.indexOf(mode) + 1;
    const name = `peer-${mode}`;
    const uplink = { ipv4: `198.18.0.${20 + number}`, ipv6: `2001:db8:18::${20 + number}` };
    const underlay = `172.31.0.${20 + number}`;
    const host = await cluster.addHost(name, { uplink, underlay, management: `10.89.0.${20 + number}` });
    const device = `vx${number}`;
    /** The ends of the tunnel, with their prefix lengths. */
    const own = { ipv4: `10.255.${number}.1/30`, ipv6: `fd00:255:${number}::1/64` };
    const far = { ipv4: `10.255.${number}.2`, ipv6: `fd00:255:${number}::2` };
    const add = (local: string, remote: string): string =>
      `link add ${device} type vxlan id ${tunnel.vni}${number} dstport ${tunnel.port} local ${local} remote ${remote}`;
    const up = `link set ${device} mtu ${tunnel.mtu} up`;
    await host.ip(
      add(underlay, cluster.workerAddress),
      ...families.map((family) => `addr add ${own[family]} dev ${device}`),
      up,
      ...families.map((family) => `route add ${podCidrs[family]} via ${far[family]}`),
    );
    await cluster.hosts.worker.ip(
      add(cluster.workerAddress, underlay),
      ...[`addr add ${far.ipv4}/30 dev ${device}`, `addr add ${far.ipv6}/64 dev ${device}`],
      up,
    );
    // The address that node ports are on.
    await cluster.addNode({ name, internalAddresses: Object.values(uplink) });
    const process = await host.start('kube-proxy', [
      programPath('kube-proxy'),
      `--kubeconfig=${cluster.kubeconfig}`,
      `--hostname-override=${name}`,
      `--proxy-mode=${mode}`,
      `--cluster-cidr=${Object.values(clusterCidrs).join(',')}`,
      ...['--conntrack-max-per-core=0', '--conntrack-min=0'],
      ...['--conntrack-tcp-timeout-established=0s', '--conntrack-tcp-timeout-close-wait=0s'],
    ]);
    return new Peer(mode, uplink, process);
  }
}
