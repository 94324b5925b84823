/**
 * The primary CNI: Debian's `ptp` and `host-local` plugins, static routes between the nodes, and a masquerade of what leaves
 * the cluster, like flannel's or kindnet's. It stands for whatever CNI the user has. Pure.
 */
import { clusterCidrs, outsideNetworks, type LabPlan, type NodePlan } from './plan.js';

const anywhere = { ipv4: '0.0.0.0/0', ipv6: '::/0' } as const;

/** The network configuration list of a node, for /etc/cni/net.d. */
export const cniConfig = ({ families }: LabPlan, node: NodePlan): string =>
  JSON.stringify({
    cniVersion: '1.0.0',
    name: 'primary',
    plugins: [
      {
        type: 'ptp',
        ipMasq: false,
        mtu: 1500,
        ipam: {
          type: 'host-local',
          ranges: families.map((family) => [{ subnet: node.podCidrs[family] }]),
          routes: families.map((family) => ({ dst: anywhere[family] })),
        },
      },
    ],
  });

/** nft commands that (re)place the masquerade. The machine itself (API server, DNS) has no routes to Pods. */
export function masqueradeRules({ index, host }: LabPlan): string {
  const inside4 = [clusterCidrs.ipv4, `10.${index}.0.0/24`, `${outsideNetworks.underlay.ipv4}0/24`];
  const inside6 = [clusterCidrs.ipv6, `fd00:${index}::/64`, `${outsideNetworks.underlay.ipv6}/64`];
  return `table inet cni
delete table inet cni
table inet cni {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${clusterCidrs.ipv4} ip daddr ${host.ipv4} masquerade
    ip6 saddr ${clusterCidrs.ipv6} ip6 daddr ${host.ipv6} masquerade
    ip saddr ${clusterCidrs.ipv4} ip daddr != { ${inside4.join(', ')} } masquerade
    ip6 saddr ${clusterCidrs.ipv6} ip6 daddr != { ${inside6.join(', ')} } masquerade
  }
}
`;
}
