/** What an agent's kernel needs around sluice0: addresses, neighbours, routes, rules, sysctls. */
import { type DatapathConfig } from '../config.js';
import { type DesiredHost, type DesiredNeighbour, type DesiredRoute, type DesiredRule } from '../desired.js';
import { macs, podPortName } from '../layout/ids.js';
import { markValues } from '../layout/marks.js';
import { families } from '../pipeline/matches.js';
import { conntrackSysctls, forwardingSysctls, hopAddresses, hostAddress, sysctl } from './host-values.js';

/** Behind every other route of the table, and there when sluice0 is not: drop, do not leak. */
const lastMetric = 4_278_198_272;

const hops = {
  egress: { addresses: hopAddresses.egress, mac: macs.egressHop },
  reply: { addresses: hopAddresses.reply, mac: macs.replyHop },
} as const;

const routes = ({ routeTables }: DatapathConfig): DesiredRoute[] =>
  (['egress', 'reply'] as const).flatMap((way) =>
    families.flatMap((family): DesiredRoute[] => {
      const table = routeTables[way];
      const destination = family === 4 ? '0.0.0.0/0' : '::/0';
      return [
        {
          family,
          table,
          kind: 'unicast',
          destination,
          dev: podPortName,
          via: hops[way].addresses[family],
          onlink: true,
        },
        { family, table, kind: 'blackhole', destination, metric: lastMetric },
      ];
    }),
  );

const rules = ({ marks, routeTables, rulePriority }: DatapathConfig): DesiredRule[] => {
  const { egress, reply, mask } = markValues(marks);
  return families.flatMap((family): DesiredRule[] => [
    { family, priority: rulePriority, fwmark: { value: egress, mask }, table: routeTables.egress },
    { family, priority: rulePriority, fwmark: { value: reply, mask }, table: routeTables.reply },
  ]);
};

const neighbours: readonly DesiredNeighbour[] = Object.values(hops).flatMap(({ addresses, mac }) =>
  families.map((family) => ({ dev: podPortName, address: addresses[family], mac })),
);

/**
 * Sources behind sluice0 are external addresses. rp_filter 2 (loose) also beats a strict 1 in `all`, since the larger
 * of the two applies.
 */
const sysctls = ({ datapath }: DatapathConfig): DesiredHost['sysctls'] => [
  ...forwardingSysctls,
  sysctl(`net.ipv4.conf.${podPortName}.rp_filter`, 2),
  sysctl(`net.ipv4.conf.${podPortName}.send_redirects`, 0),
  sysctl(`net.ipv4.conf.${podPortName}.accept_redirects`, 0),
  sysctl(`net.ipv6.conf.${podPortName}.accept_ra`, 0),
  ...conntrackSysctls(datapath),
];

export const agentHost = (config: DatapathConfig): Omit<DesiredHost, 'nft'> => ({
  sysctls: sysctls(config),
  addresses: [{ dev: podPortName, address: hostAddress }],
  routes: routes(config),
  rules: rules(config),
  neighbours,
});
