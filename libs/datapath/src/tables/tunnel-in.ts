import { objectId, origin, tunnelKind, tunnelObject } from '../layout/registers.js';
import { goto, load, move } from '../pipeline/actions.js';
import { has } from '../pipeline/matches.js';
import { type TableName } from '../pipeline/table-ids.js';
import { type Row, defineTable, row } from '../pipeline/table.js';

const accept = (kind: number, from: number, next: TableName): Row =>
  row(100, [has(tunnelKind, kind)], move(tunnelObject, objectId), load(origin, from), goto(next));

/** Ask and replay (kinds 4 to 7) have their numbers but no rows yet: nobody sends them, so they are dropped. */
export const tunnelIn = defineTable({
  name: 'tunnel-in',
  stage: 'tunnel',
  roles: ['agent', 'gateway'],
  summary: 'Takes kind and object id from the tunnel id. Kinds that the node has no role for are dropped.',
  matches: ['tun_id'],
  sets: ['reg0', 'reg1'],
  next: ['egress', 'to-pod'],
  miss: 'drop',
  rows: {
    node: ({ agent, gateway }) => [
      ...(gateway
        ? [
            accept(tunnelKind.values.egress, origin.values.podEgress, 'egress'),
            accept(tunnelKind.values.serviceReply, origin.values.podReply, 'egress'),
          ]
        : []),
      ...(agent ? [accept(tunnelKind.values.toPod, origin.values.toPod, 'to-pod')] : []),
    ],
  },
});
