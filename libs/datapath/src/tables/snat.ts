import { markNode, markObject, newPorts, objectId, origin, peerNode } from '../layout/registers.js';
import { commit, move } from '../pipeline/actions.js';
import { familyOf, has, ip, protocol, tcp, tcpFlags } from '../pipeline/matches.js';
import { tableIds } from '../pipeline/table-ids.js';
import { type EgressScope, type ServiceScope } from '../pipeline/scope.js';
import { type Row, defineTable, row } from '../pipeline/table.js';

/**
 * While another gateway still has connections of the slot, new ones get ports of the lower half: Pods' own ports, which
 * NAT kept over there, lie almost always above it (net.ipv4.ip_local_port_range). Not when that one's time is over: what comes
 * over then is not new, and its ports must stay.
 */
const lowerHalf = { first: 1024, last: 32_767 } as const;

const kinds = [
  { priority: 100, value: newPorts.values.any, more: [], port: undefined },
  { priority: 100, value: newPorts.values.lowerHalf, more: [], port: lowerHalf },
  // Not new: its state got lost on the way, and its port must stay.
  { priority: 110, value: newPorts.values.lowerHalf, more: tcpFlags(0, tcp.syn), port: undefined },
] as const;

const rows = ({ egressId, addresses, zone }: EgressScope): Row[] =>
  addresses.flatMap((address) =>
    kinds.map(({ priority, value, more, port }) =>
      row(
        priority,
        [
          has(origin, origin.values.podEgress),
          has(objectId, egressId),
          has(newPorts, value),
          ip(familyOf(address)),
          ...more,
        ],
        commit({
          zone,
          table: tableIds.route,
          nat: {
            type: 'nat',
            direction: 'src',
            address: { first: address },
            ...(port === undefined ? {} : { port }),
          },
          exec: [move(peerNode, markNode), move(objectId, markObject)],
        }),
      ),
    ),
  );

/** An answer whose connection is lost here, such as after a failover, is built again from what the agent remembers. */
const rebuilt = ({ service, zone }: ServiceScope): Row[] => {
  const { serviceId, family, protocol: transport, addresses } = service;
  const [place] = addresses;
  if (place === undefined) return [];
  return [
    row(
      100,
      [has(origin, origin.values.podReply), has(objectId, serviceId), ip(family), protocol(transport)],
      commit({
        zone,
        table: tableIds.route,
        nat: {
          type: 'nat',
          direction: 'src',
          address: { first: place.address },
          port: { first: place.port },
        },
        exec: [move(peerNode, markNode), move(objectId, markObject)],
      }),
    ),
  ];
};

export const snat = defineTable({
  name: 'snat',
  stage: 'gateway',
  roles: ['gateway'],
  summary:
    "Gives a new egress connection its address, and remembers the Pod's node and the egress in its mark; builds lost connections of services again.",
  matches: ['reg0', 'reg1', 'reg5', 'eth_type', 'ip_proto', 'tcp_flags'],
  sets: ['ct_mark'],
  next: ['route'],
  miss: 'drop',
  rows: { egress: rows, service: rebuilt },
});
