/** Finds the link that carries the tunnels, its address and MTU. */
import { canonicalIp } from '@sluice/core';
import { type HostNetwork } from '@sluice/netlink';
import { type Node } from '@sluice/kube';
import { NodeProblem } from '../report/problem.js';

export interface Underlay {
  readonly interface: string;
  readonly mac: string;
  /** Bytes. */
  readonly mtu: number;
  /** Tunnel end point: the first IPv4 address, else the first IPv6 address. Canonical text. */
  readonly address: string;
  readonly family: 4 | 6;
}

export interface UnderlayLink {
  readonly name: string;
  readonly mac: string;
  readonly mtu: number;
  /** With prefix length. */
  readonly addresses: readonly string[];
}

const bare = (cidr: string): string => cidr.split('/')[0] ?? cidr;

/** Throws NodeProblem UnderlayMissing for a link without address. */
export function underlayOf({ name, mac, mtu, addresses }: UnderlayLink): Underlay {
  const first = addresses.find((text) => !text.includes(':')) ?? addresses[0];
  if (first === undefined) {
    throw new NodeProblem(
      'UnderlayMissing',
      `the underlay interface ${name} has no address; give it one, tunnels end there`,
    );
  }
  const address = canonicalIp(bare(first));
  return { interface: name, mac, mtu, address, family: address.includes(':') ? 6 : 4 };
}

/**
 * The name of the underlay interface: the configured one, else the one with the Node's InternalIP.
 * Throws NodeProblem UnderlayMissing.
 */
export async function underlayName(
  network: Pick<HostNetwork, 'addresses'>,
  configured: string | undefined,
  node: Node | undefined,
): Promise<string> {
  if (configured !== undefined) return configured;
  const internal = (node?.status?.addresses ?? []).filter(({ type }) => type === 'InternalIP');
  const wanted = new Set(internal.map(({ address }) => address));
  const found = (await network.addresses()).find(({ address }) => wanted.has(bare(address)));
  if (found !== undefined) return found.dev;
  throw new NodeProblem(
    'UnderlayMissing',
    `no interface has the node's InternalIP ${[...wanted].join(', ')}; set SLUICE_UNDERLAY_INTERFACE`,
  );
}
