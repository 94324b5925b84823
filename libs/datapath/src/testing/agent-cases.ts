/** What an agent does with packets of its Pods and of its gateways. */
import { macs } from '../layout/ids.js';
import {
  type Frame,
  echoTypes,
  icmpFields,
  packet,
  tcpFields,
  udpFields,
  unreachable,
} from '../trace/packet.js';
import { type TraceCase } from './cases.js';
import { podAddress } from './intents.js';

const fromPod: Frame = { inPort: 1, source: macs.host, destination: macs.egressHop };
const replyFromPod: Frame = { ...fromPod, destination: macs.replyHop };
const fromGateway = (nodeId: number, egress: number): Frame => ({
  inPort: 256 + nodeId,
  tunnel: 0x03_0000 + egress,
});

const outside = { v4: '203.0.113.10', v6: '2001:db8:203::10' } as const;
const podA4 = { from: podAddress.a.v4, to: outside.v4 } as const;
const podA6 = { from: podAddress.a.v6, to: outside.v6 } as const;
const back = ({ from, to }: { from: string; to: string }) => ({ from: to, to: from });
const ports = { sport: 40_000, dport: 80 } as const;
const backPorts = { sport: 80, dport: 40_000 } as const;

const tables = {
  fresh: [0, 30, 31, 32, 36, 34, 50],
  pinned: [0, 30, 31, 33, 34, 50],
  repicked: [0, 30, 31, 33, 35, 36, 34, 50],
  toPod: [0, 10, 60, 61, 62],
  newToPod: [0, 10, 60, 62],
} as const;
const flags = { syn: { tcp_flags: 0x02n }, synAck: { tcp_flags: 0x12n }, ack: { tcp_flags: 0x10n } } as const;
const intoPod = { out: [1], sourceMac: macs.egressHop, destinationMac: macs.host } as const;

export const agentCases: readonly TraceCase[] = [
  {
    name: 'TCP by IPv4 goes to the first gateway of the slot and stays there',
    node: 'agent',
    steps: [
      {
        name: 'SYN',
        packet: packet(fromPod, tcpFields(podA4, ports)),
        expect: { out: [259], tunnel: 0x01_0007, tables: tables.fresh, source: podAddress.a.v4 },
      },
      {
        name: 'SYN again',
        packet: packet(fromPod, tcpFields(podA4, ports)),
        expect: { out: [259], tunnel: 0x01_0007, tables: tables.fresh },
      },
      {
        name: 'SYN+ACK',
        packet: packet(fromGateway(3, 7), tcpFields(back(podA4), backPorts)),
        expect: { ...intoPod, tables: tables.toPod, destination: podAddress.a.v4 },
      },
      {
        name: 'ACK',
        packet: packet(fromPod, tcpFields(podA4, ports)),
        expect: { out: [259], tunnel: 0x01_0007, tables: tables.pinned },
      },
    ],
  },
  {
    name: 'UDP by IPv6',
    node: 'agent',
    steps: [
      {
        name: 'query',
        packet: packet(fromPod, udpFields(podA6, ports)),
        expect: { out: [259], tunnel: 0x01_0007, tables: tables.fresh, source: podAddress.a.v6 },
      },
      {
        name: 'answer',
        packet: packet(fromGateway(3, 7), udpFields(back(podA6), backPorts)),
        expect: { ...intoPod, tables: tables.toPod, destination: podAddress.a.v6 },
      },
    ],
  },
  {
    name: 'another slot has another order of gateways',
    node: 'agent',
    steps: [
      {
        name: 'echo request',
        packet: packet(fromPod, icmpFields({ from: podAddress.b.v4, to: outside.v4 }, echoTypes.request), {
          echoId: 9,
        }),
        expect: { out: [260], tunnel: 0x01_0008, tables: tables.fresh },
      },
      {
        name: 'echo reply',
        packet: packet(
          fromGateway(4, 8),
          icmpFields({ from: outside.v4, to: podAddress.b.v4 }, echoTypes.reply),
          { echoId: 9 },
        ),
        expect: { ...intoPod, tables: tables.toPod },
      },
    ],
  },
  {
    name: 'what no egress takes is dropped',
    node: 'agent',
    steps: [
      {
        name: 'family without an address',
        packet: packet(fromPod, tcpFields({ from: podAddress.b.v6, to: outside.v6 }, ports)),
        expect: { out: [], tables: [0, 30, 31, 32] },
      },
      {
        name: 'Pod without egress',
        packet: packet(fromPod, tcpFields({ from: podAddress.direct.v4, to: outside.v4 }, ports)),
        expect: { out: [], tables: [0, 30, 31, 32] },
      },
      {
        name: 'unknown address',
        packet: packet(fromPod, tcpFields({ from: '10.244.1.99', to: outside.v4 }, ports)),
        expect: { out: [], tables: [0, 30, 31, 32] },
      },
      {
        name: 'invalid',
        packet: packet(fromPod, tcpFields(podA4, ports), { invalid: true }),
        expect: { out: [], tables: [0, 30, 31] },
      },
      {
        name: 'egress packet from a tunnel',
        packet: packet({ inPort: 259, tunnel: 0x01_0007 }, tcpFields(podA4, ports)),
        expect: { out: [], tables: [0, 10] },
      },
    ],
  },
  {
    name: 'a dead gateway: connections go to the second, which hears that it stands in for it, and are pinned there when it answers',
    node: 'agent',
    steps: [
      {
        name: 'first packet',
        packet: packet(fromPod, udpFields(podA4, ports)),
        expect: { out: [259], tables: tables.fresh },
      },
      {
        name: 'answer',
        packet: packet(fromGateway(3, 7), udpFields(back(podA4), backPorts)),
        expect: { ...intoPod, tables: tables.toPod },
      },
      {
        name: 'pinned, gateway dead',
        dead: [259],
        packet: packet(fromPod, udpFields(podA4, ports)),
        expect: { out: [260], tunnel: 0x08_0007, tables: tables.repicked },
      },
      {
        name: 'new, gateway dead',
        packet: packet(fromPod, udpFields(podA4, { sport: 40_001, dport: 80 })),
        expect: { out: [260], tunnel: 0x08_0007, tables: tables.fresh },
      },
      {
        name: 'the first one lives again before the second has answered',
        dead: [],
        packet: packet(fromPod, udpFields(podA4, ports)),
        expect: { out: [259], tunnel: 0x01_0007, tables: tables.repicked },
      },
      {
        name: 'answer of the second',
        packet: packet(fromGateway(4, 7), udpFields(back(podA4), backPorts)),
        expect: { ...intoPod, tables: tables.toPod },
      },
      {
        name: 'pinned to the second',
        packet: packet(fromPod, udpFields(podA4, ports)),
        expect: { out: [260], tunnel: 0x01_0007, tables: tables.pinned },
      },
      {
        name: 'all gateways are silent: a new connection goes to the first',
        dead: [259, 260],
        packet: packet(fromPod, udpFields(podA4, { sport: 40_002, dport: 80 })),
        expect: { out: [259], tunnel: 0x01_0007, tables: tables.fresh },
      },
      {
        name: 'all gateways are silent: the pin stays',
        packet: packet(fromPod, udpFields(podA4, ports)),
        expect: { out: [260], tunnel: 0x01_0007, tables: tables.pinned },
      },
    ],
  },
  {
    name: 'a pin to a gateway that lives and does not serve the slot is picked anew',
    node: 'agent',
    steps: [
      {
        name: 'a gateway that had the slot for a moment speaks',
        packet: packet(fromGateway(3, 8), udpFields({ from: outside.v4, to: podAddress.b.v4 }, backPorts)),
        expect: { ...intoPod, tables: tables.toPod },
      },
      {
        name: 'the connection of the Pod, pinned to the first one while the second was dead',
        dead: [260],
        packet: packet(fromPod, udpFields({ from: podAddress.b.v4, to: outside.v4 }, { sport: 1, dport: 2 })),
        expect: { out: [259], tunnel: 0x08_0008, tables: tables.fresh },
      },
      {
        name: 'its answer',
        packet: packet(
          fromGateway(3, 8),
          udpFields({ from: outside.v4, to: podAddress.b.v4 }, { sport: 2, dport: 1 }),
        ),
        expect: { ...intoPod, tables: tables.toPod },
      },
      {
        name: 'the holder lives again: away from the one that does not serve',
        dead: [],
        packet: packet(fromPod, udpFields({ from: podAddress.b.v4, to: outside.v4 }, { sport: 1, dport: 2 })),
        expect: { out: [260], tunnel: 0x01_0008, tables: tables.repicked },
      },
    ],
  },
  {
    name: 'lost pins come back with the next packet from the gateway',
    node: 'agent',
    steps: [
      {
        name: 'data from outside',
        packet: packet(fromGateway(4, 7), udpFields(back(podA4), backPorts)),
        expect: { ...intoPod, tables: tables.toPod },
      },
      {
        name: 'the Pod answers to the same gateway',
        packet: packet(fromPod, udpFields(podA4, ports)),
        expect: { out: [260], tunnel: 0x02_0007, tables: tables.pinned },
      },
      {
        name: 'a reply by the reply MAC without any pin asks all gateways',
        flush: 2,
        packet: packet(replyFromPod, udpFields(podA4, ports)),
        expect: { out: [259, 260], tunnel: 0x02_0000, tables: [0, 30, 31, 34, 50, 34, 50] },
      },
    ],
  },
  {
    name: 'a connection that begins is pinned without a look at its pin',
    node: 'agent',
    steps: [
      {
        name: 'SYN',
        packet: packet(fromGateway(4, 7), { ...tcpFields(back(podA4), backPorts), ...flags.syn }),
        expect: { ...intoPod, tables: tables.newToPod, destination: podAddress.a.v4 },
      },
      {
        name: 'the same by another gateway, after a move',
        packet: packet(fromGateway(3, 7), { ...tcpFields(back(podA4), backPorts), ...flags.syn }),
        expect: { ...intoPod, tables: tables.newToPod },
      },
      {
        name: 'its answer',
        packet: packet(fromPod, { ...tcpFields(podA4, ports), ...flags.synAck }),
        expect: { out: [259], tunnel: 0x02_0007, tables: tables.pinned },
      },
      {
        name: 'ACK',
        packet: packet(fromGateway(3, 7), { ...tcpFields(back(podA4), backPorts), ...flags.ack }),
        expect: { ...intoPod, tables: tables.toPod },
      },
    ],
  },
  {
    name: 'ICMP errors of both directions follow the connection that they are about',
    node: 'agent',
    steps: [
      {
        name: 'datagram',
        packet: packet(fromPod, udpFields(podA4, ports)),
        expect: { out: [259], tables: tables.fresh },
      },
      {
        name: 'answer',
        packet: packet(fromGateway(3, 7), udpFields(back(podA4), backPorts)),
        expect: { ...intoPod, tables: tables.toPod },
      },
      {
        name: 'error about the datagram, from a router outside',
        packet: packet(
          fromGateway(3, 7),
          icmpFields({ from: '192.0.2.1', to: podAddress.a.v4 }, unreachable),
          { about: udpFields(podA4, ports) },
        ),
        expect: { ...intoPod, tables: tables.toPod },
      },
      {
        name: 'error about the answer, from the Pod',
        packet: packet(fromPod, icmpFields(podA4, unreachable), {
          about: udpFields(back(podA4), backPorts),
        }),
        expect: { out: [259], tunnel: 0x01_0007, tables: tables.pinned },
      },
    ],
  },
];
