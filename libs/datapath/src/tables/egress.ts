import { objectId, origin, slot } from '../layout/registers.js';
import { goto, load, track } from '../pipeline/actions.js';
import { families, familyOf, has, ip } from '../pipeline/matches.js';
import { defineTable, row } from '../pipeline/table.js';

export const egress = defineTable({
  name: 'egress',
  stage: 'gateway',
  roles: ['gateway'],
  summary:
    'Packets of Pods pass the gate by egress id and family; replies go by their connection alone. The place of meters.',
  matches: ['reg0', 'reg1', 'eth_type'],
  sets: ['reg7'],
  next: ['gate', 'ct-state'],
  miss: 'drop',
  rows: {
    node: ({ gateway, config }) =>
      gateway
        ? families.map((family) =>
            row(
              100,
              [has(origin, origin.values.podReply), ip(family)],
              track(config.zones.nat, 'ct-state', true),
            ),
          )
        : [],
    egress: (scope) =>
      scope.addresses
        .map(familyOf)
        .map((family) =>
          row(
            100,
            [has(origin, origin.values.podEgress), has(objectId, scope.egressId), ip(family)],
            load(slot, scope.slot),
            goto('gate'),
          ),
        ),
  },
});
