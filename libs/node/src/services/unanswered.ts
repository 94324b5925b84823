/** TCP connections whose first packet nobody has answered, by the endpoint that it went to. Pure. */
import { type EndpointPlace, placeKey } from '@sluice/model';
import { type Tuple } from '@sluice/netlink';
import { dumpedConnection, originalOf } from '../switch/conntrack-dump.js';

/** In both datapaths: a SYN was seen, and no answer (ovs-dpctl(8), dump-conntrack). */
const unanswered = 'state=SYN_SENT';

/** `dump`: one connection a line. Gives the original direction of each. */
export function unansweredBy(endpoints: readonly EndpointPlace[], dump: string): readonly Tuple[] {
  const places = new Set(endpoints.map(placeKey));
  return dump
    .split('\n')
    .filter((line) => line.includes(unanswered))
    .flatMap((line): Tuple[] => {
      const found = dumpedConnection(line);
      if (found?.protocol !== 'tcp' || !places.has(placeKey(found.answersFrom))) return [];
      return [originalOf(found)];
    });
}
