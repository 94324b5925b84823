import { ofports } from '../layout/ids.js';
import { output, setMac } from '../pipeline/actions.js';
import { defineTable, row } from '../pipeline/table.js';

/** No dec_ttl: the TTL would be part of every megaflow. The agent's kernel has counted the hop. */
export const emit = defineTable({
  name: 'emit',
  stage: 'route',
  roles: ['gateway'],
  summary: "Out by the uplink with the gateway's MAC.",
  matches: [],
  sets: ['eth_src'],
  next: [],
  outputs: ['uplink'],
  miss: 'drop',
  rows: {
    node: ({ uplink }) =>
      uplink === undefined ? [] : [row(100, [], setMac('eth_src', uplink.mac), output(ofports.uplink))],
  },
});
