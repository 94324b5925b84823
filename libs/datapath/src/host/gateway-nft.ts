/**
 * Table `sluice_gateway`: the host's conntrack stays out of forwarded packets, the slow port refuses what has no
 * endpoint, and the kernel's redirects for packets that turn around there stay inside.
 */
import { type NftChain, type NftTable } from '@sluice/nft';
import { type DatapathConfig } from '../config.js';
import { bridgeName, macs, slowPortName } from '../layout/ids.js';
import { accept, destinationTypeIsNot, drop, eq, iif, meta, notrack, oif, payload } from './expressions.js';
import { tunnelChains } from './tunnel-nft.js';

export const gatewayTableName = 'sluice_gateway';

/** REJECT answers per second; a port scan must not keep the kernel busy. */
const rejectsPerSecond = 1000;

const slow = iif(slowPortName);
const raw: NftChain = {
  name: 'raw',
  base: { type: 'filter', hook: 'prerouting', priority: -300, policy: 'accept' },
  rules: [
    // The resolver's path: packets with an egress address as source that the kernel only forwards.
    [iif(bridgeName), destinationTypeIsNot('local'), notrack],
    [slow, notrack],
    // Too big for the tunnel: routed by the table of the slow port.
    [slow, eq(payload('ether', 'saddr'), macs.tooBig), accept],
    [slow, { limit: { rate: rejectsPerSecond, per: 'second', burst: rejectsPerSecond, inv: true } }, drop],
    [slow, eq(meta('l4proto'), 'tcp'), { reject: { type: 'tcp reset' } }],
    [slow, { reject: { type: 'icmpx', expr: 'port-unreachable' } }],
  ],
};

const noRedirect: NftChain = {
  name: 'noredirect',
  base: { type: 'filter', hook: 'output', priority: 0, policy: 'accept' },
  rules: [[eq(payload('icmpv6', 'type'), 'nd-redirect'), oif(bridgeName), drop]],
};

export const gatewayTable = (config: DatapathConfig): NftTable => ({
  family: 'inet',
  name: gatewayTableName,
  counters: [],
  sets: [],
  chains: [raw, noRedirect, ...tunnelChains(config.datapath)],
});
