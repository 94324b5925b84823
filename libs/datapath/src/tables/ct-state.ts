import { goto } from '../pipeline/actions.js';
import { ctState } from '../pipeline/matches.js';
import { defineTable, row } from '../pipeline/table.js';

export const ctStateTable = defineTable({
  name: 'ct-state',
  stage: 'gateway',
  roles: ['gateway'],
  summary: 'Known connections are translated already and go to the routes; new ones get their address.',
  matches: ['ct_state'],
  sets: [],
  next: ['snat', 'route'],
  miss: 'drop',
  rows: {
    node: ({ gateway }) =>
      gateway
        ? [
            row(110, [ctState('+trk+inv')]),
            row(100, [ctState('+trk-new')], goto('route')),
            row(90, [ctState('+trk+new')], goto('snat')),
          ]
        : [],
  },
});
