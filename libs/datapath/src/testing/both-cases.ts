/** A node with both roles: it is its own gateway, without a tunnel. */
import { ports as ofp } from '@sluice/ovs';
import { macs } from '../layout/ids.js';
import { type Frame, packet, tcpFields, udpFields } from '../trace/packet.js';
import { type TraceCase } from './cases.js';
import { egressAddress, gatewayMac, podAddress } from './intents.js';

const fromPod: Frame = { inPort: 1, source: macs.host, destination: macs.egressHop };
const fromUplink: Frame = { inPort: 2, destination: gatewayMac(5) };
const far = '203.0.113.10';
const ports = { sport: 40_000, dport: 80 } as const;
const backPorts = { sport: 80, dport: 40_000 } as const;
const toSelf = [0, 30, 31, 32, 36, 34, 50, 10, 40, 23, 29, 41, 42, 43] as const;

export const bothCases: readonly TraceCase[] = [
  {
    name: 'egress through itself',
    node: 'both',
    steps: [
      {
        name: 'SYN',
        packet: packet(fromPod, tcpFields({ from: podAddress.a.v4, to: far }, ports)),
        expect: { out: [ofp.local], tables: [...toSelf, 47, 44, 45], source: egressAddress[7].v4 },
      },
      {
        name: 'SYN+ACK',
        packet: packet(fromUplink, tcpFields({ from: far, to: egressAddress[7].v4 }, backPorts)),
        expect: {
          out: [1],
          tables: [0, 20, 23, 29, 24, 26, 21, 50, 10, 60, 61, 62],
          destination: podAddress.a.v4,
          destinationMac: macs.host,
        },
      },
      {
        name: 'ACK',
        packet: packet(fromPod, tcpFields({ from: podAddress.a.v4, to: far }, ports)),
        expect: {
          out: [ofp.local],
          tables: [0, 30, 31, 33, 34, 50, 10, 40, 23, 29, 41, 43, 47, 44, 45],
          source: egressAddress[7].v4,
        },
      },
    ],
  },
  {
    name: 'egress of another node',
    node: 'both',
    steps: [
      {
        name: 'query',
        packet: packet({ inPort: 257, tunnel: 0x01_0008 }, udpFields({ from: '10.244.9.9', to: far }, ports)),
        expect: {
          out: [ofp.local],
          tables: [0, 10, 40, 23, 29, 41, 42, 43, 47, 44, 45],
          source: egressAddress[8].v4,
        },
      },
      {
        name: 'answer',
        packet: packet(fromUplink, udpFields({ from: far, to: egressAddress[8].v4 }, backPorts)),
        expect: {
          out: [257],
          tunnel: 0x03_0008,
          tables: [0, 20, 23, 29, 24, 26, 21, 50],
          destination: '10.244.9.9',
        },
      },
    ],
  },
  {
    name: 'Pods of two egresses meet at the held addresses, as from outside',
    node: 'both',
    steps: [
      {
        name: 'nobody has opened that port yet',
        packet: packet(
          fromPod,
          udpFields({ from: podAddress.b.v4, to: egressAddress[7].v4 }, { sport: 5000, dport: 6000 }),
        ),
        expect: { out: [], tables: [...toSelf, 23, 29, 20, 23, 29, 24, 26, 21, 22] },
      },
      {
        name: 'the other side opens its own: they are connected',
        packet: packet(
          { inPort: 257, tunnel: 0x01_0007 },
          udpFields({ from: '10.244.9.9', to: egressAddress[8].v4 }, { sport: 6000, dport: 5000 }),
        ),
        expect: {
          out: [1],
          tables: [0, 10, 40, 23, 29, 41, 42, 43, 23, 29, 20, 23, 29, 24, 26, 21, 50, 10, 60, 61, 62],
          source: egressAddress[7].v4,
          destination: podAddress.b.v4,
        },
      },
    ],
  },
];
