import { origin, otherHolder, peerNode, sendId, sendKind, shared, tunnelKind } from '../layout/registers.js';
import { type Action } from '@sluice/ovs';
import { forgetPort, goto, load, move } from '../pipeline/actions.js';
import { families, has, ip, protocol, tcpFlags } from '../pipeline/matches.js';
import { type Row, defineTable, row } from '../pipeline/table.js';

const tcp = { syn: 0x02, ack: 0x10 } as const;

/** Nothing but the connection matters to the one who is asked. */
const ask: readonly Action[] = [
  move(otherHolder, peerNode),
  load(sendId, 0),
  load(sendKind, tunnelKind.values.ask),
  goto('to-node'),
];

const uplink = has(origin, origin.values.uplink);
const hasOther = has(shared, shared.values.yes);

/**
 * What this gateway does not know, of a slot that it took over, may be a connection of the gateway that had it before:
 * that one is asked, by the packet itself. Only a SYN is surely new.
 */
const handOver: readonly Row[] = families.flatMap((family) => [
  row(300, [uplink, hasOther, ip(family), ...tcpFlags(0, tcp.syn)], ...ask),
  row(300, [uplink, hasOther, ip(family), ...tcpFlags(tcp.syn | tcp.ack, tcp.syn | tcp.ack)], ...ask),
  row(300, [uplink, hasOther, ip(family), protocol('udp')], ...ask),
  row(300, [uplink, hasOther, ip(family), protocol(family === 4 ? 'icmp' : 'icmpv6')], ...ask),
]);

/** An ask that finds nothing goes back, and is never asked again. */
const bounce: Row = row(
  290,
  [has(origin, origin.values.ask)],
  load(sendId, 0),
  load(sendKind, tunnelKind.values.askUnknown),
  forgetPort,
  goto('to-node'),
);

export const service = defineTable({
  name: 'service',
  stage: 'gateway',
  roles: ['gateway'],
  summary:
    'Packets from outside that no connection here knows: of a slot with another holder they are asked about there. The place of services.',
  matches: ['reg0', 'reg5', 'eth_type', 'ip_proto', 'tcp_flags'],
  sets: ['reg2', 'reg6', 'in_port'],
  next: ['to-node'],
  miss: 'drop',
  rows: {
    node: ({ gateway }) => (gateway ? [...handOver, bounce] : []),
  },
});
