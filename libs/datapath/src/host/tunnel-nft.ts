import { type NftChain } from '@sluice/nft';
import { type DatapathConfig } from '../config.js';
import { eq, notrack, payload } from './expressions.js';

const genevePort = 6081;
const raw = (hook: 'prerouting' | 'output'): NftChain => ({
  name: `tunnel_${hook}`,
  base: { type: 'filter', hook, priority: -300, policy: 'accept' },
  rules: [[eq(payload('udp', 'dport'), genevePort), notrack]],
});

/**
 * Kernel datapath only: the host's conntrack would keep an entry for every inner connection, since the outer source
 * port is a hash of it. The userspace datapath's tunnels do not pass the host's stack.
 */
export const tunnelChains = (datapath: DatapathConfig['datapath']): NftChain[] =>
  datapath === 'system' ? [raw('prerouting'), raw('output')] : [];
