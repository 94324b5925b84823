/** Values that both roles' host sides share. */
import { type DesiredHost } from '../desired.js';
import { type DatapathConfig } from '../config.js';

/** Of sluice0 and of the slow port: link-local, never seen outside. */
export const hostAddress = '169.254.92.2/32';

/** Next hops that exist only as permanent neighbours. */
export const hopAddresses = {
  egress: { 4: '169.254.92.1', 6: 'fe80::5c' },
  reply: { 4: '169.254.92.3', 6: 'fe80::5d' },
} as const;

type Sysctl = DesiredHost['sysctls'][number];
export const sysctl = (key: string, value: number): Sysctl => ({ key, value: String(value) });

export const forwardingSysctls: readonly Sysctl[] = [
  sysctl('net.ipv4.ip_forward', 1),
  sysctl('net.ipv6.conf.all.forwarding', 1),
];

/**
 * Mid-stream pickup in any window, so that a connection survives a change of its gateway. The userspace datapath has
 * its own switch (`dpctl/ct-disable-tcp-seq-chk`).
 */
export const conntrackSysctls = (datapath: DatapathConfig['datapath']): readonly Sysctl[] =>
  datapath === 'system'
    ? [
        sysctl('net.netfilter.nf_conntrack_tcp_be_liberal', 1),
        sysctl('net.netfilter.nf_conntrack_tcp_loose', 1),
      ]
    : [];
