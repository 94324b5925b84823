import { goto, track } from '../pipeline/actions.js';
import { families, ip, tcp, tcpFlags } from '../pipeline/matches.js';
import { pinned } from '../pipeline/pins.js';
import { defineTable, row } from '../pipeline/table.js';

export const toPod = defineTable({
  name: 'to-pod',
  stage: 'agent',
  roles: ['agent'],
  summary:
    'From a gateway to a Pod of this node: looks up the pin; a connection that begins has none, and gets one.',
  matches: ['eth_type', 'ip_proto', 'tcp_flags'],
  sets: ['ct_mark'],
  next: ['to-pod-pin', 'to-pod-out'],
  miss: 'drop',
  rows: {
    node: ({ agent, config }) =>
      agent
        ? families.flatMap((family) => [
            // Without a look before it: a recirculation less for each connection.
            row(
              110,
              [ip(family), ...tcpFlags(tcp.syn, tcp.syn | tcp.ack)],
              pinned(config),
              goto('to-pod-out'),
            ),
            row(100, [ip(family)], track(config.zones.pins, 'to-pod-pin')),
          ])
        : [],
  },
});
