/**
 * Userspace datapath only: Open vSwitch reads a NIC by packet socket, and the kernel would see every packet a second
 * time. A chain at the NIC's ingress drops it after the packet socket had it (net/core/dev.c: taps run first). IPv6 is
 * off on the NIC, so that the kernel sends nothing from there either.
 */
import { type NftTable } from '@sluice/nft';

export const nicTableName = 'sluice_nics';

export const nicTable = (nics: readonly string[]): NftTable => ({
  family: 'inet',
  name: nicTableName,
  counters: [],
  sets: [],
  chains: nics.map((nic) => ({
    name: `nic_${nic.replaceAll(/[^A-Za-z0-9_]/g, '_')}`,
    base: { type: 'filter', hook: 'ingress', device: nic, priority: -500, policy: 'drop' },
    rules: [],
  })),
});

export const nicSysctls = (
  nics: readonly string[],
): readonly { readonly key: string; readonly value: string }[] =>
  nics.map((nic) => ({ key: `net.ipv6.conf.${nic}.disable_ipv6`, value: '1' }));
