import { sendKind, tunnelKind } from '../layout/registers.js';
import { goto } from '../pipeline/actions.js';
import { families, has, ip } from '../pipeline/matches.js';
import { pinned, unpinned } from '../pipeline/pins.js';
import { defineTable, row } from '../pipeline/table.js';

export const pin = defineTable({
  name: 'pin',
  stage: 'agent',
  roles: ['agent'],
  summary:
    'Pins the connection to the gateway that was picked; one that stands in for a silent holder is picked for this packet alone.',
  matches: ['eth_type', 'reg6'],
  sets: ['ct_mark'],
  next: ['send'],
  miss: 'drop',
  rows: {
    node: ({ agent, config }) =>
      agent
        ? families.flatMap((family) => [
            row(
              110,
              [ip(family), has(sendKind, tunnelKind.values.egressFallback)],
              unpinned(config),
              goto('send'),
            ),
            row(100, [ip(family)], pinned(config), goto('send')),
          ])
        : [],
  },
});
