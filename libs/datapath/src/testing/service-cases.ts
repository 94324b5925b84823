/** What a gateway does with clients of Services, and with the answers of their endpoints. */
import { ports as ofp } from '@sluice/ovs';
import { macs } from '../layout/ids.js';
import { type Frame, packet, tcpFields, udpFields } from '../trace/packet.js';
import { type TraceCase } from './cases.js';
import { egressAddress, gatewayMac, podAddress } from './intents.js';

const mac = gatewayMac(3);
const routerMac = '02:aa:00:00:00:01';
const fromRouter: Frame = { inPort: 2, source: routerMac, destination: mac };
/** Service 17 is 0x11. */
const toAgent = { out: [257], tunnel: 0x03_0011 } as const;
const answerOfAgent: Frame = { inPort: 257, tunnel: 0x02_0011 };

const client = { v4: '203.0.113.10', v6: '2001:db8:203::10' } as const;
const host = { v4: '198.18.0.3', v6: '2001:db8:18::3' } as const;
const held = egressAddress[7];
const pod = podAddress.a;

const chosen = [24, 26, 21, 22, 28, 50] as const;
const tables = {
  address: [0, 20, 23, 29, ...chosen],
  nodePort: [0, 20, ...chosen],
  known: [0, 20, 24, 26, 21, 50],
  answer: [0, 10, 40, 41, 43, 46],
} as const;
const byRouter = { out: [2], sourceMac: mac, destinationMac: routerMac } as const;

const families = ['v4', 'v6'] as const;

export const serviceCases: readonly TraceCase[] = [
  ...families.map((family): TraceCase => ({
    name: `a service on its own address, IP${family}: the client's address stays, the answer leaves by the router that the request took`,
    node: 'gateway',
    steps: [
      {
        name: 'SYN',
        packet: packet(
          fromRouter,
          tcpFields({ from: client[family], to: held[family] }, { sport: 40_000, dport: 443 }),
        ),
        expect: {
          ...toAgent,
          tables: tables.address,
          source: client[family],
          destination: pod[family],
          sport: 40_000,
        },
      },
      {
        name: 'SYN+ACK',
        packet: packet(
          answerOfAgent,
          tcpFields({ from: pod[family], to: client[family] }, { sport: 8080, dport: 40_000 }),
        ),
        expect: {
          ...byRouter,
          tables: tables.answer,
          source: held[family],
          destination: client[family],
          sport: 443,
        },
      },
    ],
  })),
  ...families.map((family): TraceCase => ({
    name: `a node port on the gateway's own address, IP${family}`,
    node: 'gateway',
    steps: [
      {
        name: 'SYN',
        packet: packet(
          fromRouter,
          tcpFields({ from: client[family], to: host[family] }, { sport: 40_001, dport: 30_080 }),
        ),
        expect: { ...toAgent, tables: tables.nodePort, source: client[family], destination: pod[family] },
      },
      {
        name: 'SYN+ACK',
        packet: packet(
          answerOfAgent,
          tcpFields({ from: pod[family], to: client[family] }, { sport: 8080, dport: 40_001 }),
        ),
        expect: { ...byRouter, tables: tables.answer, source: host[family], sport: 30_080 },
      },
      {
        name: 'ACK',
        packet: packet(
          fromRouter,
          tcpFields({ from: client[family], to: host[family] }, { sport: 40_001, dport: 30_080 }),
        ),
        expect: { ...toAgent, tables: tables.known, destination: pod[family] },
      },
    ],
  })),
  {
    name: 'a port of the gateway that no service has stays with its host',
    node: 'gateway',
    steps: [
      {
        name: 'SYN',
        packet: packet(
          fromRouter,
          tcpFields({ from: client.v4, to: host.v4 }, { sport: 40_002, dport: 30_081 }),
        ),
        expect: { out: [ofp.local], tables: [0, 20] },
      },
    ],
  },
  {
    name: 'a port of a held address that no service has is nobody',
    node: 'gateway',
    steps: [
      {
        name: 'SYN',
        packet: packet(fromRouter, tcpFields({ from: client.v4, to: held.v4 }, { sport: 40_003, dport: 81 })),
        expect: { out: [], tables: [0, 20, 23, 29, 24, 26, 21, 22] },
      },
    ],
  },
  {
    name: 'a service without endpoints refuses those who may connect, and does not know the others',
    node: 'gateway',
    steps: [
      {
        name: 'a client inside the ranges',
        packet: packet(
          fromRouter,
          udpFields({ from: client.v4, to: host.v4 }, { sport: 40_004, dport: 30_053 }),
        ),
        expect: {
          out: [3],
          tables: [0, 20, 24, 26, 21, 22],
          sourceMac: macs.resolver,
          destinationMac: macs.host,
        },
      },
      {
        name: 'a client outside',
        packet: packet(
          fromRouter,
          udpFields({ from: '192.0.2.77', to: host.v4 }, { sport: 40_005, dport: 30_053 }),
        ),
        expect: { out: [], tables: [0, 20, 24, 26, 21, 22] },
      },
    ],
  },
  {
    name: 'a service at its cap refuses new clients, and takes over what another gateway carried',
    node: 'gateway',
    steps: [
      {
        name: 'SYN',
        packet: packet(fromRouter, {
          ...tcpFields({ from: client.v4, to: host.v4 }, { sport: 40_007, dport: 30_090 }),
          tcp_flags: 0x02n,
        }),
        expect: {
          out: [3],
          tables: [0, 20, 24, 26, 21, 22],
          sourceMac: macs.resolver,
          destinationMac: macs.host,
        },
      },
      {
        name: 'ACK of a connection that this gateway does not know',
        packet: packet(fromRouter, {
          ...tcpFields({ from: client.v4, to: host.v4 }, { sport: 40_008, dport: 30_090 }),
          tcp_flags: 0x10n,
        }),
        expect: { out: [257], tunnel: 0x03_0013, tables: tables.nodePort, destination: pod.v4 },
      },
    ],
  },
  {
    name: 'an answer whose connection is lost is built again on the address of the service',
    node: 'gateway',
    steps: [
      {
        name: 'answer',
        packet: packet(
          answerOfAgent,
          tcpFields({ from: pod.v4, to: client.v4 }, { sport: 8080, dport: 40_006 }),
        ),
        expect: {
          out: [ofp.local],
          tables: [0, 10, 40, 41, 42, 43, 47, 44, 45],
          source: held.v4,
          sport: 443,
        },
      },
    ],
  },
];
