import { macs } from '../layout/ids.js';
import { resolved as resolvedFlag } from '../layout/registers.js';
import { goto, setMac, toHost } from '../pipeline/actions.js';
import { has } from '../pipeline/matches.js';
import { defineTable, row } from '../pipeline/table.js';

export const resolved = defineTable({
  name: 'resolved',
  stage: 'route',
  roles: ['gateway'],
  summary:
    "A known next hop goes out. Otherwise the host's kernel resolves it and forwards the packet; the answer is learned on its way in.",
  matches: ['reg5'],
  sets: ['eth_src', 'eth_dst'],
  next: ['emit'],
  outputs: ['host'],
  miss: 'drop',
  rows: {
    node: ({ uplink }) =>
      uplink === undefined
        ? []
        : [
            row(100, [has(resolvedFlag, resolvedFlag.values.yes)], goto('emit')),
            row(10, [], setMac('eth_src', macs.resolver), setMac('eth_dst', uplink.mac), toHost),
          ],
  },
});
