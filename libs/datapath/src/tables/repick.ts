import { groupIds } from '../layout/ids.js';
import { objectId, sendKind, sendTunId, tunnelKind } from '../layout/registers.js';
import { group, load } from '../pipeline/actions.js';
import { has } from '../pipeline/matches.js';
import { defineTable, row } from '../pipeline/table.js';

const egressTunId = (egressId: number): number => tunnelKind.values.egress * 0x1_0000 + egressId;

export const repick = defineTable({
  name: 'repick',
  stage: 'agent',
  roles: ['agent'],
  summary: 'The pin is dead: another gateway of the slot for an egress, any gateway for a reply.',
  matches: ['reg6'],
  sets: ['reg1'],
  next: [],
  groups: ['slot', 'any'],
  miss: 'drop',
  rows: {
    node: ({ agent }) =>
      agent ? [row(90, [has(sendKind, tunnelKind.values.serviceReply)], group(groupIds.any))] : [],
    route: ({ egressId, slot }) => [
      row(100, [has(sendTunId, egressTunId(egressId))], load(objectId, egressId), group(groupIds.slot(slot))),
    ],
  },
});
