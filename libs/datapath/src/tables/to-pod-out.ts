import { macs, ofports } from '../layout/ids.js';
import { output, setMac } from '../pipeline/actions.js';
import { defineTable, row } from '../pipeline/table.js';

export const toPodOut = defineTable({
  name: 'to-pod-out',
  stage: 'agent',
  roles: ['agent'],
  summary: "Into the host, whose routes know the Pod's interface.",
  matches: [],
  sets: ['eth_src', 'eth_dst'],
  next: [],
  outputs: ['sluice0'],
  miss: 'drop',
  rows: {
    node: ({ agent }) =>
      agent
        ? [
            row(
              100,
              [],
              setMac('eth_src', macs.egressHop),
              setMac('eth_dst', macs.host),
              output(ofports.sluice0),
            ),
          ]
        : [],
  },
});
