import { macs, ofports, tunnelPort } from '../layout/ids.js';
import { origin, packetMark, peerNode, replyMac } from '../layout/registers.js';
import { goto, load, setMac } from '../pipeline/actions.js';
import { fragment, fromPort, ip, toMac, toManyMacs } from '../pipeline/matches.js';
import { type NodeScope } from '../pipeline/scope.js';
import { type Row, defineTable, row } from '../pipeline/table.js';
import { ports } from '@sluice/ovs';

/** The fwmark would steer the tunnel's own packets back into sluice0 (kernel datapath: it stays on the packet). */
const podRows = (): Row[] => [
  row(
    110,
    [fromPort(ofports.sluice0), toMac(macs.replyHop)],
    load(packetMark, 0),
    load(replyMac, replyMac.values.yes),
    goto('pod-out'),
  ),
  row(100, [fromPort(ofports.sluice0)], load(packetMark, 0), goto('pod-out')),
];

/** The slow port's MAC must not become the last hop of a connection, hence the zeros. */
const slowPort = [setMac('eth_src', macs.zero), load(origin, origin.values.turnedAround), goto('uplink-in')];

const uplinkRows = (mac: string): Row[] => [
  row(100, [fromPort(ofports.uplink), toMac(mac)], load(origin, origin.values.uplink), goto('uplink-in')),
  row(100, [fromPort(ofports.uplink), toManyMacs], load(origin, origin.values.uplink), goto('uplink-in')),
  row(100, [fromPort(ports.local)], goto('host-out')),
  row(100, [fromPort(ofports.slowPort), ip(4)], ...slowPort),
  // Of IPv6 only fragments turn around there; the rest is the kernel's own chatter on the port.
  row(100, [fromPort(ofports.slowPort), ip(6), fragment], ...slowPort),
];

export const classify = defineTable({
  name: 'classify',
  stage: 'input',
  roles: ['agent', 'gateway'],
  summary:
    'Tells by the port of entry what a packet is. Packets of Pods lose the fwmark that brought them here.',
  matches: ['in_port', 'eth_dst', 'eth_type', 'ip_frag'],
  sets: ['pkt_mark', 'reg0', 'reg2', 'reg5', 'eth_src'],
  next: ['tunnel-in', 'uplink-in', 'host-out', 'pod-out'],
  miss: 'drop',
  rows: {
    node: ({ agent, uplink }: NodeScope) => [
      ...(agent ? podRows() : []),
      ...(uplink === undefined ? [] : uplinkRows(uplink.mac)),
    ],
    peer: ({ nodeId }) => [
      row(100, [fromPort(tunnelPort(nodeId))], load(peerNode, nodeId), goto('tunnel-in')),
    ],
  },
});
