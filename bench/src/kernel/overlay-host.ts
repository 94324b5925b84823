/** A host beside the gateway whose way to the Pods is a VXLAN tunnel to the worker, as overlay CNIs have it. */
import { families, type Host, type KernelCluster, type Pair, podCidrs } from '@sluice/lab';

const tunnel = { vni: '7', port: '4789', mtu: '1450' } as const;

export interface OverlayHost {
  readonly host: Host;
  /** On the uplink. */
  readonly addresses: Pair;
  /** The worker's link to it, and its own address behind that. */
  readonly link: { readonly device: string; readonly near: Pair };
}

/** `number`: from 1, and no other's. */
export async function addOverlayHost(
  cluster: KernelCluster,
  name: string,
  number: number,
): Promise<OverlayHost> {
  const addresses = { ipv4: `198.18.0.${20 + number}`, ipv6: `2001:db8:18::${20 + number}` };
  const underlay = `172.31.0.${20 + number}`;
  const host = await cluster.addHost(name, {
    ...{ uplink: addresses, underlay, management: `10.89.0.${20 + number}` },
  });
  const device = `vx${number}`;
  const near = { ipv4: `10.255.${number}.1`, ipv6: `fd00:255:${number}::1` };
  const far = { ipv4: `10.255.${number}.2`, ipv6: `fd00:255:${number}::2` };
  const add = (local: string, remote: string): string =>
    `link add ${device} type vxlan id ${tunnel.vni}${number} dstport ${tunnel.port} local ${local} remote ${remote}`;
  const addressed = ({ ipv4, ipv6 }: Pair): readonly string[] => [
    `addr add ${ipv4}/30 dev ${device}`,
    `addr add ${ipv6}/64 dev ${device}`,
  ];
  const up = `link set ${device} mtu ${tunnel.mtu} up`;
  await host.ip(
    add(underlay, cluster.workerAddress),
    ...addressed(near),
    up,
    ...families.map((family) => `route add ${podCidrs[family]} via ${far[family]}`),
  );
  await cluster.hosts.worker.ip(add(cluster.workerAddress, underlay), ...addressed(far), up);
  return { host, addresses, link: { device, near } };
}
