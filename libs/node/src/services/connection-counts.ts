/** How many connections clients have to Services through this gateway (ovs-dpctl(8), dump-conntrack). Pure. */
import { isOverIn } from '../switch/conntrack-dump.js';

/** Inbound connections remember the MAC of their client in the label; the upper half of the mark is the id of the service. */
const inbound = /,mark=(\d+),labels=0x0*[1-9a-f]/;

/** `dump`: one connection a line. Counts those that can still carry something, by service id. */
export function connectionCounts(dump: string): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const line of dump.split('\n')) {
    const mark = inbound.exec(line)?.[1];
    if (mark === undefined || isOverIn(line)) continue;
    const service = Math.floor(Number(mark) / 0x1_0000);
    counts.set(service, (counts.get(service) ?? 0) + 1);
  }
  return counts;
}
