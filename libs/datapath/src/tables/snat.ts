import { markNode, markObject, objectId, origin, peerNode } from '../layout/registers.js';
import { commit, move } from '../pipeline/actions.js';
import { familyOf, has, ip } from '../pipeline/matches.js';
import { tableIds } from '../pipeline/table-ids.js';
import { defineTable, row } from '../pipeline/table.js';

export const snat = defineTable({
  name: 'snat',
  stage: 'gateway',
  roles: ['gateway'],
  summary:
    "Gives a new egress connection its address, and remembers the Pod's node and the egress in its mark.",
  matches: ['reg0', 'reg1', 'eth_type'],
  sets: ['ct_mark'],
  next: ['route'],
  miss: 'drop',
  rows: {
    egress: (scope) =>
      scope.addresses.map((address) =>
        row(
          100,
          [has(origin, origin.values.podEgress), has(objectId, scope.egressId), ip(familyOf(address))],
          commit({
            zone: scope.zone,
            table: tableIds.route,
            nat: { type: 'nat', direction: 'src', address: { first: address } },
            exec: [move(peerNode, markNode), move(objectId, markObject)],
          }),
        ),
      ),
  },
});
