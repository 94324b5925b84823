import { markNode, markObject, objectId, peerNode } from '../layout/registers.js';
import { commit, goto, move } from '../pipeline/actions.js';
import { families, ip } from '../pipeline/matches.js';
import { defineTable, row } from '../pipeline/table.js';

/** The commit does not recirculate: the userspace datapath takes six recirculations at most. */
export const pin = defineTable({
  name: 'pin',
  stage: 'agent',
  roles: ['agent'],
  summary: 'Pins the connection to the gateway that was picked.',
  matches: ['eth_type'],
  sets: ['ct_mark'],
  next: ['send'],
  miss: 'drop',
  rows: {
    node: ({ agent, config }) =>
      agent
        ? families.map((family) =>
            row(
              100,
              [ip(family)],
              commit({
                zone: config.zones.pins,
                exec: [move(peerNode, markNode), move(objectId, markObject)],
              }),
              goto('send'),
            ),
          )
        : [],
  },
});
