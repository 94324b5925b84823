/** What a gateway's kernel needs: the resolver on the bridge's own port, and the slow port. */
import { type DatapathConfig } from '../config.js';
import { type PoolWay } from '@sluice/model';
import { type DesiredHost, type DesiredNeighbour, type DesiredRoute, type DesiredRule } from '../desired.js';
import { bridgeName, macs, slowPortName } from '../layout/ids.js';
import { type NeighbourScope } from '../pipeline/scope.js';
import { families, familyOf } from '../pipeline/matches.js';
import { conntrackSysctls, forwardingSysctls, hopAddresses, hostAddress, sysctl } from './host-values.js';

/** `mtu lock`: DF or IPv6 gives packet-too-big to the sender, IPv4 without DF is fragmented. */
const routes = ({ routeTables }: DatapathConfig, innerMtu: number): DesiredRoute[] =>
  families.map((family) => ({
    family,
    table: routeTables.slow,
    kind: 'unicast',
    destination: family === 4 ? '0.0.0.0/0' : '::/0',
    dev: slowPortName,
    via: hopAddresses.egress[family],
    onlink: true,
    mtuLock: innerMtu,
  }));

/** A short reachable time makes the kernel ask again, and the bridge learns from the answer. */
const neighbourSysctls = (['ipv4', 'ipv6'] as const).flatMap((ip) => [
  sysctl(`net.${ip}.neigh.${bridgeName}.delay_first_probe_time`, 1),
  sysctl(`net.${ip}.neigh.${bridgeName}.base_reachable_time_ms`, 1000),
]);

const sysctls = ({ datapath }: DatapathConfig): DesiredHost['sysctls'] => [
  ...forwardingSysctls,
  sysctl(`net.ipv4.conf.${bridgeName}.rp_filter`, 2),
  sysctl(`net.ipv4.conf.${bridgeName}.send_redirects`, 0),
  sysctl(`net.ipv4.conf.${bridgeName}.arp_ignore`, 1),
  sysctl(`net.ipv6.conf.${bridgeName}.accept_ra`, 0),
  // `all` as well: without it the kernel ignores unicast solicitations for proxy entries.
  sysctl('net.ipv6.conf.all.proxy_ndp', 1),
  sysctl(`net.ipv6.conf.${bridgeName}.proxy_ndp`, 1),
  sysctl(`net.ipv6.neigh.${bridgeName}.proxy_delay`, 0),
  ...neighbourSysctls,
  sysctl(`net.ipv4.conf.${slowPortName}.rp_filter`, 2),
  ...conntrackSysctls(datapath),
];

export const gatewayHost = (
  config: DatapathConfig,
  innerMtu: number,
  uplinkAddresses: readonly string[],
): Omit<DesiredHost, 'nft'> => ({
  sysctls: sysctls(config),
  addresses: [
    { dev: slowPortName, address: hostAddress },
    ...uplinkAddresses.map((address) => ({ dev: bridgeName, address })),
  ],
  routes: routes(config, innerMtu),
  rules: families.map((family) => ({
    family,
    priority: config.rulePriority,
    iif: slowPortName,
    table: config.routeTables.slow,
  })),
  neighbours: families.map((family) => ({
    dev: slowPortName,
    address: hopAddresses.egress[family],
    mac: macs.egressHop,
  })),
});

/**
 * The way out of a pool as the resolver takes it: what turns around in the bridge's own port goes to the pool's router,
 * whatever default route the node has.
 */
export function poolRouting(
  { poolId, sources, subnet, nextHop }: PoolWay,
  { routeTables, rulePriority }: DatapathConfig,
): { readonly routes: readonly DesiredRoute[]; readonly rules: readonly DesiredRule[] } {
  const family = familyOf(nextHop);
  const table = routeTables.poolBase + poolId;
  const common = { family, table, kind: 'unicast', dev: bridgeName } as const;
  return {
    routes: [
      { ...common, destination: subnet },
      { ...common, destination: family === 4 ? '0.0.0.0/0' : '::/0', via: nextHop, onlink: true },
    ],
    rules: sources.map((from) => ({ family, priority: rulePriority, iif: bridgeName, from, table })),
  };
}

/**
 * IPv6: the kernel answers for the address when the gate lets the question through; the gateway itself reaches what it
 * holds by a fixed neighbour.
 */
export const addressNeighbours = ({ address, uplinkMac, held }: NeighbourScope): DesiredNeighbour[] =>
  familyOf(address) === 4
    ? []
    : [
        { dev: bridgeName, address, proxy: true },
        ...(held ? [{ dev: bridgeName, address, mac: uplinkMac }] : []),
      ];
