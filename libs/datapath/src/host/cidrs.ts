import { cidrContains, formatCidr, parseCidr } from '@sluice/core';

/** Canonical, sorted, and without those that another one contains: nftables refuses overlapping intervals. */
export function mergeCidrs(texts: readonly string[]): string[] {
  const cidrs = [...new Set(texts.map((text) => formatCidr(parseCidr(text))))].map(parseCidr);
  const outer = cidrs.filter(
    (cidr) =>
      !cidrs.some(
        (other) =>
          other.prefixLength < cidr.prefixLength &&
          cidrContains(other, { family: cidr.family, value: cidr.network }),
      ),
  );
  return outer
    .toSorted((a, b) => (a.network < b.network ? -1 : a.network > b.network ? 1 : 0))
    .map(formatCidr);
}
