import { groupIds } from '../layout/ids.js';
import { objectId } from '../layout/registers.js';
import { group, load } from '../pipeline/actions.js';
import { fromAddress } from '../pipeline/matches.js';
import { defineTable, row } from '../pipeline/table.js';

export const pod = defineTable({
  name: 'pod',
  stage: 'agent',
  roles: ['agent'],
  summary: 'The egress of a Pod by its address. A Pod without one in this family has no row: drop.',
  matches: ['eth_type', 'ip_src', 'ipv6_src'],
  sets: ['reg1'],
  next: [],
  groups: ['slot'],
  miss: 'drop',
  rows: {
    pod: ({ address, egress }) =>
      egress === undefined
        ? []
        : [
            row(
              100,
              fromAddress(address),
              load(objectId, egress.egressId),
              group(groupIds.slot(egress.slot)),
            ),
          ],
  },
});
