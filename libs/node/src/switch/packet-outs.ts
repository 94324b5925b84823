/** Messages that make Open vSwitch send a packet, or treat one as if it had come. */
import { tunnelPort } from '@sluice/datapath';
import { type Message, ports } from '@sluice/ovs';
import { type TunnelledFrame } from '../replay/replayer.js';
import { type MadeConnection } from './switch.js';

export const tunnelledMessage = ({ node, tunnelId, frame }: TunnelledFrame): Message => ({
  type: 'packet_out',
  inPort: ports.controller,
  actions: [
    { type: 'set_field', field: 'tun_id', value: BigInt(tunnelId) },
    { type: 'output', port: tunnelPort(node) },
  ],
  data: frame,
});

/** A packet that conntrack takes for the first one of the connection, and nobody gets. */
export const connectionMessage = (
  zone: number,
  { frame, mark, source: { address, port } }: MadeConnection,
): Message => ({
  type: 'packet_out',
  inPort: ports.controller,
  actions: [
    {
      type: 'ct',
      commit: true,
      zone,
      nat: { type: 'nat', direction: 'src', address: { first: address }, port: { first: port } },
      exec: [{ type: 'set_field', field: 'ct_mark', value: BigInt(mark) }],
    },
  ],
  data: frame,
});
