import { markNode, markObject, objectId, origin, peerNode, shared } from '../layout/registers.js';
import { commit, move } from '../pipeline/actions.js';
import { familyOf, has, ip } from '../pipeline/matches.js';
import { tableIds } from '../pipeline/table-ids.js';
import { type EgressScope } from '../pipeline/scope.js';
import { type Row, defineTable, row } from '../pipeline/table.js';

/**
 * While another gateway still has connections of the slot, new ones get ports of the lower half: Pods' own ports, which
 * NAT kept over there, lie almost always above it (net.ipv4.ip_local_port_range).
 */
const lowerHalf = { first: 1024, last: 32_767 } as const;

const rows = ({ egressId, addresses, zone }: EgressScope): Row[] =>
  addresses.flatMap((address) =>
    ([shared.values.no, shared.values.yes] as const).map((value) =>
      row(
        100,
        [
          has(origin, origin.values.podEgress),
          has(objectId, egressId),
          has(shared, value),
          ip(familyOf(address)),
        ],
        commit({
          zone,
          table: tableIds.route,
          nat: {
            type: 'nat',
            direction: 'src',
            address: { first: address },
            ...(value === shared.values.yes && { port: lowerHalf }),
          },
          exec: [move(peerNode, markNode), move(objectId, markObject)],
        }),
      ),
    ),
  );

export const snat = defineTable({
  name: 'snat',
  stage: 'gateway',
  roles: ['gateway'],
  summary:
    "Gives a new egress connection its address, and remembers the Pod's node and the egress in its mark.",
  matches: ['reg0', 'reg1', 'reg5', 'eth_type'],
  sets: ['ct_mark'],
  next: ['route'],
  miss: 'drop',
  rows: { egress: rows },
});
