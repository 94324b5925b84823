/**
 * Which way packets leave, by their source: a pool's addresses need not lie in the network of its next hop. The sources
 * of all ways are disjoint, whatever users write, so that no order among rules or flows decides.
 */
import {
  canonicalIp,
  ConfigError,
  type Family,
  formatCidr,
  type IpRange,
  parseCidr,
  parseIp,
} from '@sluice/core';
import { blocksOf, contains, parseRanges, withoutAll } from '@sluice/ipam';
import { type EgressAddress, type EgressPool } from '@sluice/kube';
import { type PoolWay, type Uplink } from './intent.js';

/** Undefined: text that is none; a user's object may hold it. */
function valid<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

const rangesOf = ({ spec }: EgressPool): readonly IpRange[] => valid(() => parseRanges(spec.ranges)) ?? [];

/** Addresses that were given out and lie in the pool's ranges no more: they work on until they are released. */
function strays(ranges: readonly IpRange[], addresses: readonly EgressAddress[]): readonly IpRange[] {
  return addresses
    .flatMap(({ spec }) => spec.addresses)
    .flatMap((text) => valid(() => parseIp(text)) ?? [])
    .filter((address) => !contains(ranges, address))
    .map(({ family, value }) => ({ family, first: value, last: value }));
}

/** The network of the next hop: by the pool's own prefix length, else by the gateway's address. */
function way(
  { spec, status }: EgressPool,
  text: string,
  uplink: Uplink,
): Omit<PoolWay, 'sources'> | undefined {
  const nextHop = valid(() => canonicalIp(text));
  if (nextHop === undefined) return undefined;
  const { family } = parseIp(nextHop);
  const own = uplink.addresses.find((address) => parseCidr(address).family === family);
  const length = spec.uplink.prefixLengths?.[family === 4 ? 0 : 1] ?? own?.split('/')[1];
  if (length === undefined) return undefined;
  const subnet = valid(() => formatCidr(parseCidr(`${nextHop}/${String(length)}`)));
  return subnet === undefined ? undefined : { poolId: status?.id ?? 0, subnet, nextHop };
}

const sourcesOf = (ranges: readonly IpRange[], family: Family): readonly string[] =>
  blocksOf(ranges.filter((range) => range.family === family)).map(formatCidr);

/** One for each family of a pool that has a next hop and addresses. */
export function poolWays(
  pools: readonly EgressPool[],
  addresses: readonly EgressAddress[],
  uplink: Uplink,
): readonly PoolWay[] {
  const entries = pools.map((pool) => {
    const ranges = rangesOf(pool);
    const own = addresses.filter(({ spec }) => spec.pool === pool.metadata.name);
    return { pool, ranges, strays: strays(ranges, own) };
  });
  const taken = entries.flatMap((entry) => entry.strays);
  return entries.flatMap((entry) => {
    const ranges = withoutAll(entry.ranges, taken);
    taken.push(...ranges);
    return entry.pool.spec.uplink.nextHops.flatMap((text): PoolWay[] => {
      const found = way(entry.pool, text, uplink);
      if (found === undefined) return [];
      const sources = sourcesOf([...ranges, ...entry.strays], parseIp(found.nextHop).family);
      return sources.length === 0 ? [] : [{ ...found, sources }];
    });
  });
}
