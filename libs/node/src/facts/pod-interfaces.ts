/**
 * Which interface the packets of a local Pod come in by: that of the most specific route to it in the main table, which
 * is the Pod's veth (Calico, Cilium, ptp, AWS) or the CNI's bridge (bridge, flannel, kubenet).
 */
import { cidrContains, parseCidr, parseIp, type Cidr } from '@sluice/core';

export interface LocalRoute {
  readonly kind: string;
  readonly destination: string;
  readonly dev?: string;
  readonly via?: string;
}

interface Entry {
  readonly cidr: Cidr;
  readonly dev: string;
}

const hostBits = ({ family, prefixLength }: Cidr): number => (family === 4 ? 32 : 128) - prefixLength;

/** Looks up by host route first: a node has hundreds of those and a handful of others. */
export class PodInterfaces {
  private readonly exact = new Map<string, string>();
  private readonly others: readonly Entry[];

  constructor(routes: readonly LocalRoute[]) {
    const others: Entry[] = [];
    for (const { kind, destination, dev, via } of routes) {
      if (kind !== 'unicast' || dev === undefined || via !== undefined) continue;
      const cidr = parseCidr(destination);
      if (hostBits(cidr) === 0) this.exact.set(`${String(cidr.family)} ${String(cidr.network)}`, dev);
      else others.push({ cidr, dev });
    }
    this.others = others.toSorted((a, b) => hostBits(a.cidr) - hostBits(b.cidr));
  }

  /** Undefined: no route says where the Pod is, or it is not on this node. */
  of(address: string): string | undefined {
    const ip = parseIp(address);
    const exact = this.exact.get(`${String(ip.family)} ${String(ip.value)}`);
    return exact ?? this.others.find(({ cidr }) => cidrContains(cidr, ip))?.dev;
  }

  /** The addresses of `addresses` that are known, by canonical text. */
  map(addresses: Iterable<string>): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const address of addresses) {
      const dev = this.of(address);
      if (dev !== undefined) found.set(address, dev);
    }
    return found;
  }
}
