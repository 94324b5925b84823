/** How many connections a gateway still carries, by the address outside (ovs-dpctl(8), dump-conntrack). Pure. */
import { canonicalIp } from '@sluice/core';
import { isOverIn } from '../switch/conntrack-dump.js';

/** Source and destination of the original direction, and destination of the reply: where NAT shows. */
const tuples = /^\w+,orig=\(src=[^,]+,dst=([^,)]+)[^)]*\),reply=\(src=[^,]+,dst=([^,)]+)/;

/** `dump`: one connection a line. Counts those of `addresses` (canonical) that can still carry something. */
export function connectionsLeft(dump: string, addresses: ReadonlySet<string>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const line of dump.split('\n')) {
    const [, to, from] = tuples.exec(line) ?? [];
    if (to === undefined || from === undefined || isOverIn(line)) continue;
    const address = [from, to].map(canonicalIp).find((text) => addresses.has(text));
    if (address !== undefined) counts.set(address, (counts.get(address) ?? 0) + 1);
  }
  return counts;
}
