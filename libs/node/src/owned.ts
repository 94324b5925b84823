/** What of the host's network configuration is Sluice's: there it removes what is not desired, elsewhere nothing. */
import { bridgeName, type DatapathConfig, podPortName, slowPortName } from '@sluice/datapath';

/** Pools have ids 1 to 63. */
const mostPools = 63;

export const ownedHostState = ({ routeTables, rulePriority }: DatapathConfig) => {
  const pools = Array.from({ length: mostPools }, (_, index) => routeTables.poolBase + index + 1);
  return {
    devices: [podPortName, slowPortName, bridgeName],
    tables: [routeTables.egress, routeTables.slow, routeTables.reply, ...pools],
    rulePriority,
  };
};
