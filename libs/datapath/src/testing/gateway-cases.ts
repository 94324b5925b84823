/** What a gateway does with packets of agents, of the uplink and of its own host. */
import { ports as ofp } from '@sluice/ovs';
import { macs } from '../layout/ids.js';
import {
  type Frame,
  arpPacket,
  echoTypes,
  icmpFields,
  ipFields,
  ndPacket,
  packet,
  tcpFields,
  udpFields,
  unreachable,
} from '../trace/packet.js';
import { type TraceCase } from './cases.js';
import { egressAddress, gatewayMac, podAddress, router } from './intents.js';

const mac = gatewayMac(3);
const routerMac = '02:aa:00:00:00:01';
const clientMac = '02:aa:00:00:00:10';
const broadcast = 'ff:ff:ff:ff:ff:ff';

const fromAgent = (egress: number): Frame => ({ inPort: 257, tunnel: 0x01_0000 + egress });
const fromRouter: Frame = { inPort: 2, source: routerMac, destination: mac };
const fromClient: Frame = { inPort: 2, source: clientMac, destination: mac };
const broadcasted: Frame = { inPort: 2, source: clientMac, destination: broadcast };
const fromHost: Frame = { inPort: ofp.local, source: mac };
const fromSlowPort: Frame = { inPort: 3, source: macs.host, destination: macs.egressHop };

const far = { v4: '203.0.113.10', v6: '2001:db8:203::10' } as const;
const near = { v4: '198.18.0.10', v6: '2001:db8:18::10' } as const;
const ports = { sport: 40_000, dport: 80 } as const;
const backPorts = { sport: 80, dport: 40_000 } as const;
const held = egressAddress[7];
const outside = egressAddress[12];

const tables = {
  fresh: [0, 10, 40, 23, 29, 41, 42, 43, 47, 44, 45],
  known: [0, 10, 40, 23, 29, 41, 43, 47, 44, 45],
  reply: [0, 20, 23, 29, 24, 26, 21, 50],
} as const;
const toKernel = { out: [ofp.local], sourceMac: macs.resolver, destinationMac: mac } as const;
const toAgent = { out: [257], tunnel: 0x03_0007, tables: tables.reply } as const;

export const gatewayCases: readonly TraceCase[] = [
  {
    name: 'TCP by IPv4 over the router: the kernel resolves it once, then it is learned',
    node: 'gateway',
    steps: [
      {
        name: 'SYN, router unknown',
        packet: packet(fromAgent(7), tcpFields({ from: podAddress.a.v4, to: far.v4 }, ports)),
        expect: { ...toKernel, tables: tables.fresh, source: held.v4, destination: far.v4, sport: 40_000 },
      },
      {
        name: 'ARP reply of the router',
        packet: arpPacket(fromRouter, 2, { from: router.v4, to: '198.18.0.3' }),
        expect: { out: [ofp.local], tables: [0, 20] },
      },
      {
        name: 'next SYN, router known',
        packet: packet(
          fromAgent(7),
          tcpFields({ from: podAddress.a.v4, to: far.v4 }, { sport: 40_001, dport: 80 }),
        ),
        expect: {
          out: [2],
          tables: [...tables.fresh, 46],
          source: held.v4,
          sourceMac: mac,
          destinationMac: routerMac,
        },
      },
      {
        name: 'SYN+ACK',
        packet: packet(fromRouter, tcpFields({ from: far.v4, to: held.v4 }, backPorts)),
        expect: { ...toAgent, destination: podAddress.a.v4 },
      },
      {
        name: 'ACK',
        packet: packet(fromAgent(7), tcpFields({ from: podAddress.a.v4, to: far.v4 }, ports)),
        expect: { out: [2], tables: [...tables.known, 46], source: held.v4, destinationMac: routerMac },
      },
    ],
  },
  {
    name: 'a pool outside the networks of the uplink: by its router, or directly to what is on the link',
    node: 'gateway',
    steps: [
      {
        name: 'over the router',
        packet: packet(fromAgent(12), tcpFields({ from: podAddress.a.v4, to: far.v4 }, ports)),
        expect: { ...toKernel, tables: tables.fresh, source: outside.v4, destination: far.v4 },
      },
      {
        name: 'ARP reply of the router',
        packet: arpPacket(fromRouter, 2, { from: router.v4, to: '198.18.0.3' }),
        expect: { out: [ofp.local], tables: [0, 20] },
      },
      {
        name: 'over the router, which is known now',
        packet: packet(
          fromAgent(12),
          tcpFields({ from: podAddress.a.v4, to: far.v4 }, { sport: 40_001, dport: 80 }),
        ),
        expect: {
          out: [2],
          tables: [...tables.fresh, 46],
          source: outside.v4,
          sourceMac: mac,
          destinationMac: routerMac,
        },
      },
      {
        name: 'to a neighbour, which is not the router',
        packet: packet(fromAgent(12), udpFields({ from: podAddress.a.v6, to: near.v6 }, ports)),
        expect: { ...toKernel, tables: tables.fresh, source: outside.v6, destination: near.v6 },
      },
      {
        name: 'answer',
        packet: packet(fromRouter, tcpFields({ from: far.v4, to: outside.v4 }, backPorts)),
        expect: { ...toAgent, tunnel: 0x03_000c, destination: podAddress.a.v4 },
      },
    ],
  },
  {
    name: 'UDP by IPv6 to a neighbour on the link',
    node: 'gateway',
    steps: [
      {
        name: 'query, neighbour unknown',
        packet: packet(fromAgent(7), udpFields({ from: podAddress.a.v6, to: near.v6 }, ports)),
        expect: { ...toKernel, tables: tables.fresh, source: held.v6 },
      },
      {
        name: 'neighbour advertisement',
        packet: ndPacket(fromClient, 136, { from: near.v6, to: '2001:db8:18::3', target: near.v6 }),
        expect: { out: [ofp.local], tables: [0, 20] },
      },
      {
        name: 'next query',
        packet: packet(
          fromAgent(7),
          udpFields({ from: podAddress.a.v6, to: near.v6 }, { sport: 40_001, dport: 80 }),
        ),
        expect: {
          out: [2],
          tables: [...tables.fresh, 46],
          source: held.v6,
          sourceMac: mac,
          destinationMac: clientMac,
        },
      },
      {
        name: 'answer',
        packet: packet(fromClient, udpFields({ from: near.v6, to: held.v6 }, backPorts)),
        expect: { ...toAgent, destination: podAddress.a.v6 },
      },
    ],
  },
  {
    name: 'echo through the gateway',
    node: 'gateway',
    steps: [
      {
        name: 'request',
        packet: packet(fromAgent(7), icmpFields({ from: podAddress.a.v4, to: near.v4 }, echoTypes.request), {
          echoId: 5,
        }),
        expect: { ...toKernel, tables: tables.fresh, source: held.v4 },
      },
      {
        name: 'reply',
        packet: packet(fromClient, icmpFields({ from: near.v4, to: held.v4 }, echoTypes.reply), {
          echoId: 5,
        }),
        expect: { ...toAgent, destination: podAddress.a.v4 },
      },
    ],
  },
  {
    name: 'two Pods with one egress and the same port: the second gets another one',
    node: 'gateway',
    steps: [
      {
        name: 'first',
        packet: packet(fromAgent(7), udpFields({ from: podAddress.a.v4, to: far.v4 }, ports)),
        expect: { ...toKernel, tables: tables.fresh, source: held.v4, sport: 40_000 },
      },
      {
        name: 'second',
        packet: packet(fromAgent(7), udpFields({ from: '10.244.1.77', to: far.v4 }, ports)),
        expect: { ...toKernel, tables: tables.fresh, source: held.v4, sport: 1024 },
      },
      {
        name: 'answer to the second',
        packet: packet(fromRouter, udpFields({ from: far.v4, to: held.v4 }, { sport: 80, dport: 1024 })),
        expect: { ...toAgent, destination: '10.244.1.77' },
      },
    ],
  },
  {
    name: 'what is not admitted is dropped',
    node: 'gateway',
    steps: [
      {
        name: 'unknown egress',
        packet: packet(fromAgent(9), tcpFields({ from: podAddress.a.v4, to: far.v4 }, ports)),
        expect: { out: [], tables: [0, 10, 40] },
      },
      {
        name: 'egress without an address of the family',
        packet: packet(fromAgent(8), tcpFields({ from: podAddress.b.v6, to: far.v6 }, ports)),
        expect: { out: [], tables: [0, 10, 40] },
      },
      {
        name: 'to an address that another gateway holds',
        packet: packet(
          fromClient,
          tcpFields({ from: near.v4, to: egressAddress[8].v4 }, { sport: 1, dport: 22 }),
        ),
        expect: { out: [], tables: [0, 20, 23, 29] },
      },
      {
        name: 'new connection to a held address',
        packet: packet(fromClient, tcpFields({ from: near.v4, to: held.v4 }, { sport: 1, dport: 22 })),
        expect: { out: [], tables: [0, 20, 23, 29, 24, 26, 21, 22] },
      },
      {
        name: 'invalid packet to a held address',
        packet: packet(fromClient, tcpFields({ from: near.v4, to: held.v4 }, backPorts), {
          invalid: true,
        }),
        expect: { out: [], tables: [0, 20, 23, 29, 24, 26, 21] },
      },
      {
        name: 'for another MAC',
        packet: packet({ ...fromClient, destination: clientMac }, ipFields({ from: near.v4, to: held.v4 })),
        expect: { out: [], tables: [0] },
      },
      {
        name: 'a Pod reply that no connection knows',
        packet: packet(
          { inPort: 257, tunnel: 0x02_0007 },
          udpFields({ from: podAddress.a.v4, to: far.v4 }, ports),
        ),
        expect: { out: [], tables: [0, 10, 40, 41, 42] },
      },
      {
        name: 'to-Pod packet at a node without Pods',
        packet: packet(
          { inPort: 260, tunnel: 0x03_0007 },
          udpFields({ from: far.v4, to: podAddress.a.v4 }, ports),
        ),
        expect: { out: [], tables: [0, 10] },
      },
    ],
  },
  {
    name: 'responders answer for held addresses only',
    node: 'gateway',
    steps: [
      {
        name: 'ARP for a held address',
        packet: arpPacket(broadcasted, 1, { from: near.v4, to: held.v4 }),
        expect: { out: [2], tables: [0, 20, 23, 29], sourceMac: mac, destinationMac: clientMac },
      },
      {
        name: 'ARP for an address that another gateway holds',
        packet: arpPacket(broadcasted, 1, { from: near.v4, to: egressAddress[8].v4 }),
        expect: { out: [], tables: [0, 20, 23, 29] },
      },
      {
        name: 'solicitation for a held address',
        packet: ndPacket({ ...fromClient, destination: '33:33:ff:00:01:00' }, 135, {
          from: near.v6,
          to: 'ff02::1:ff00:100',
          target: held.v6,
        }),
        expect: { out: [ofp.local], tables: [0, 20, 23, 29] },
      },
      {
        name: 'ping by IPv4',
        packet: packet(fromClient, icmpFields({ from: near.v4, to: held.v4 }, echoTypes.request)),
        expect: {
          out: [2],
          tables: [0, 20, 23, 29],
          source: held.v4,
          destination: near.v4,
          sourceMac: mac,
          destinationMac: clientMac,
        },
      },
      {
        name: 'ping by IPv6',
        packet: packet(fromClient, icmpFields({ from: near.v6, to: held.v6 }, echoTypes.request)),
        expect: {
          out: [2],
          tables: [0, 20, 23, 29],
          source: held.v6,
          destination: near.v6,
          sourceMac: mac,
          destinationMac: clientMac,
        },
      },
      {
        name: "to the gateway's own address",
        packet: packet(fromClient, tcpFields({ from: near.v4, to: '198.18.0.3' }, ports)),
        expect: { out: [ofp.local], tables: [0, 20] },
      },
    ],
  },
  {
    name: 'replies that the tunnel does not take go to the slow port, their fragments come back',
    node: 'gateway',
    steps: [
      {
        name: 'query',
        packet: packet(fromAgent(7), udpFields({ from: podAddress.a.v4, to: far.v4 }, ports)),
        expect: { ...toKernel, tables: tables.fresh },
      },
      {
        name: 'answer that just fits',
        packet: packet(fromRouter, udpFields({ from: far.v4, to: held.v4 }, backPorts), { length: 1464 }),
        expect: toAgent,
      },
      {
        name: 'answer that is one byte too long',
        packet: packet(fromRouter, udpFields({ from: far.v4, to: held.v4 }, backPorts), { length: 1465 }),
        expect: {
          out: [3],
          tables: [0, 20, 23, 29, 24, 26],
          sourceMac: macs.tooBig,
          destinationMac: macs.host,
          destination: held.v4,
        },
      },
      {
        name: 'fragment from outside',
        packet: packet(fromRouter, {
          ...udpFields({ from: far.v4, to: held.v4 }, backPorts),
          ip_frag: 1n,
        }),
        expect: { out: [3], tables: [0, 20, 23, 29, 24, 26], sourceMac: macs.tooBig },
      },
      {
        name: 'what the kernel made of it',
        packet: packet(fromSlowPort, udpFields({ from: far.v4, to: held.v4 }, backPorts)),
        expect: toAgent,
      },
    ],
  },
  {
    name: 'ICMP errors of both directions are translated with their connection',
    node: 'gateway',
    steps: [
      {
        name: 'query',
        packet: packet(fromAgent(7), udpFields({ from: podAddress.a.v4, to: near.v4 }, ports)),
        expect: { ...toKernel, tables: tables.fresh },
      },
      {
        name: 'error from a router about the query',
        packet: packet(fromRouter, icmpFields({ from: router.v4, to: held.v4 }, unreachable), {
          about: udpFields({ from: held.v4, to: near.v4 }, ports),
        }),
        expect: { ...toAgent, source: router.v4, destination: podAddress.a.v4 },
      },
      {
        name: 'error from the Pod about an answer',
        packet: packet(fromAgent(7), icmpFields({ from: podAddress.a.v4, to: near.v4 }, unreachable), {
          about: udpFields({ from: near.v4, to: podAddress.a.v4 }, backPorts),
        }),
        expect: { ...toKernel, tables: tables.known, source: held.v4 },
      },
    ],
  },
  {
    name: "the gateway's own packets",
    node: 'gateway',
    steps: [
      {
        name: 'to the world',
        packet: packet(fromHost, tcpFields({ from: '198.18.0.3', to: far.v4 }, ports)),
        expect: { out: [2], tables: [0, 25] },
      },
      {
        name: 'ARP for an address that it holds itself',
        packet: arpPacket({ ...fromHost, destination: broadcast }, 1, { from: '198.18.0.3', to: held.v4 }),
        expect: { out: [ofp.local], tables: [0, 25, 23, 29, 20, 23, 29] },
      },
      {
        name: 'to an address that it holds itself',
        packet: packet(fromHost, tcpFields({ from: '198.18.0.3', to: held.v4 }, ports)),
        expect: { out: [], tables: [0, 25, 23, 29, 20, 23, 29, 24, 26, 21, 22] },
      },
    ],
  },
];
