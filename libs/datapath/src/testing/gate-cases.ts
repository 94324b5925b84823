/** What the forms of a slot allow: node 3 has the first slot in another form than open, or shares it with node 4. */
import { ports as ofp } from '@sluice/ovs';
import {
  type Frame,
  arpPacket,
  echoTypes,
  icmpFields,
  ndPacket,
  packet,
  tcpFields,
  udpFields,
} from '../trace/packet.js';
import { type TraceCase } from './cases.js';
import { egressAddress, gateEntry, gatewayMac, podAddress, slots } from './intents.js';

const mac = gatewayMac(3);
const peerMac = gatewayMac(4);
const broadcast = 'ff:ff:ff:ff:ff:ff';
const fromPeer: Frame = { inPort: 2, source: peerMac, destination: mac };
const fromClient: Frame = { inPort: 2, source: '02:aa:00:00:00:10', destination: mac };
const broadcasted: Frame = { ...fromClient, destination: broadcast };
const fromAgent: Frame = { inPort: 257, tunnel: 0x01_0007 };
const fallenBack: Frame = { inPort: 257, tunnel: 0x08_0007 };
const asked: Frame = { inPort: 260, tunnel: 0x04_0000 };
const bounced: Frame = { inPort: 260, tunnel: 0x05_0000 };
const replayed: Frame = { inPort: 257, tunnel: 0x06_0007 };

const far = { v4: '203.0.113.10', v6: '2001:db8:203::10' } as const;
const near = { v4: '198.18.0.10', v6: '2001:db8:18::10' } as const;
const held = egressAddress[7];
const there = { sport: 40_000, dport: 80 } as const;
const back = { sport: 80, dport: 40_000 } as const;
const ack = { tcp_flags: 0x10n } as const;
const syn = { tcp_flags: 0x02n } as const;
const synAck = { tcp_flags: 0x12n } as const;

const tables = {
  stopped: [0, 10, 40, 23, 29],
  fresh: [0, 10, 40, 23, 29, 41, 42, 43],
  known: [0, 10, 40, 23, 29, 41, 43],
  asked: [0, 20, 23, 29, 24, 26, 21, 22, 50],
  unknown: [0, 20, 23, 29, 24, 26, 21, 22],
  reply: [0, 20, 23, 29, 24, 26, 21, 50],
} as const;
const silent = { out: [], tables: [0, 20, 23, 29] } as const;
const toOther = { out: [260], tunnel: 0x04_0000, tables: tables.asked } as const;
const reply = tcpFields({ from: far.v4, to: held.v4 }, back);

export const gateCases: readonly TraceCase[] = [
  {
    name: 'a slot without an entry passes nothing and answers nobody',
    node: 'gateway',
    gate: [],
    steps: [
      {
        name: 'packet of a Pod',
        packet: packet(fromAgent, tcpFields({ from: podAddress.a.v4, to: far.v4 }, there)),
        expect: { out: [], tables: tables.stopped },
      },
      {
        name: 'ARP',
        packet: arpPacket(broadcasted, 1, { from: near.v4, to: held.v4 }),
        expect: silent,
      },
      {
        name: 'probe of a gateway',
        packet: arpPacket(fromPeer, 1, { from: '0.0.0.0', to: held.v4 }),
        expect: silent,
      },
      {
        name: 'to an address of the slot, of a Pod with another egress: out to whoever holds it',
        packet: packet(
          { inPort: ofp.local, source: mac },
          udpFields({ from: '198.18.0.3', to: held.v4 }, there),
        ),
        expect: { out: [2], tables: [0, 25, 23, 29] },
      },
    ],
  },
  {
    name: "an armed slot answers other gateways' probes and passes nothing",
    node: 'gateway',
    gate: [gateEntry(slots.first, 'armed')],
    steps: [
      {
        name: 'ARP probe',
        packet: arpPacket(fromPeer, 1, { from: '0.0.0.0', to: held.v4 }),
        expect: { out: [2], tables: [0, 20, 23, 29], sourceMac: mac, destinationMac: peerMac },
      },
      {
        name: 'solicitation by unicast',
        packet: ndPacket(fromPeer, 135, { from: 'fe80::5c:4', to: held.v6, target: held.v6 }),
        expect: { out: [ofp.local], tables: [0, 20, 23, 29] },
      },
      {
        name: 'ARP of a client',
        packet: arpPacket(broadcasted, 1, { from: near.v4, to: held.v4 }),
        expect: silent,
      },
      {
        name: 'ARP probe by broadcast: somebody else looks for a free address',
        packet: arpPacket(broadcasted, 1, { from: '0.0.0.0', to: held.v4 }),
        expect: silent,
      },
      {
        name: 'ping',
        packet: packet(fromClient, icmpFields({ from: near.v4, to: held.v4 }, echoTypes.request)),
        expect: silent,
      },
      {
        name: 'packet of a Pod',
        packet: packet(fromAgent, tcpFields({ from: podAddress.a.v4, to: far.v4 }, there)),
        expect: { out: [], tables: tables.stopped },
      },
    ],
  },
  {
    name: 'what another gateway announces reaches the process, what others announce does not',
    node: 'gateway',
    steps: [
      {
        name: 'gratuitous ARP',
        packet: arpPacket({ ...fromPeer, destination: broadcast }, 2, { from: held.v4, to: held.v4 }),
        expect: { out: [ofp.controller], tables: [0, 20] },
      },
      {
        name: 'unsolicited neighbour advertisement',
        packet: ndPacket({ ...fromPeer, destination: '33:33:00:00:00:01' }, 136, {
          ...{ from: held.v6, to: 'ff02::1', target: held.v6 },
        }),
        expect: { out: [ofp.controller], tables: [0, 20] },
      },
      {
        name: 'gratuitous ARP of a stranger',
        packet: arpPacket(broadcasted, 2, { from: held.v4, to: held.v4 }),
        expect: { out: [ofp.local], tables: [0, 20] },
      },
    ],
  },
  {
    name: 'answers to probes reach the process',
    node: 'gateway',
    steps: [
      {
        name: 'ARP',
        packet: arpPacket(fromPeer, 2, { from: held.v4, to: '0.0.0.0' }),
        expect: { out: [ofp.controller], tables: [0, 20] },
      },
      {
        name: 'neighbour advertisement',
        packet: ndPacket(fromPeer, 136, { from: held.v6, to: 'fe80::5c:3', target: held.v6 }),
        expect: { out: [ofp.controller], tables: [0, 20] },
      },
    ],
  },
  {
    name: 'a retiring slot passes and answers nobody',
    node: 'gateway',
    gate: [gateEntry(slots.first, 'retiring', 4)],
    steps: [
      {
        name: 'ARP',
        packet: arpPacket(broadcasted, 1, { from: near.v4, to: held.v4 }),
        expect: silent,
      },
      {
        name: 'probe',
        packet: arpPacket(fromPeer, 1, { from: '0.0.0.0', to: held.v4 }),
        expect: silent,
      },
      {
        name: 'packet of a Pod',
        packet: packet(fromAgent, tcpFields({ from: podAddress.a.v4, to: far.v4 }, there)),
        expect: { out: [ofp.local], tables: [...tables.fresh, 47, 44, 45], source: held.v4 },
      },
      {
        name: 'packet of a Pod, of a node that means the holder, which is silent to it',
        packet: packet(fallenBack, tcpFields({ from: podAddress.a.v4, to: far.v4 }, there)),
        expect: { out: [], tables: tables.stopped },
      },
      {
        name: 'its answer, asked by the new holder',
        packet: packet({ ...asked }, { ...reply, ...synAck }),
        expect: {
          out: [257],
          tunnel: 0x03_0007,
          tables: [0, 10, 24, 26, 21, 50],
          destination: podAddress.a.v4,
        },
      },
      {
        name: 'an ask about nothing known goes back',
        packet: packet(asked, udpFields({ from: far.v4, to: held.v4 }, { sport: 1, dport: 2 })),
        expect: { out: [260], tunnel: 0x05_0000, tables: [0, 10, 24, 26, 21, 22, 50] },
      },
    ],
  },
  {
    name: 'a holder of which nodes have not heard yet takes what they send it in place of the former one',
    node: 'gateway',
    steps: [
      {
        name: 'packet of a Pod',
        packet: packet(fallenBack, tcpFields({ from: podAddress.a.v4, to: far.v4 }, there)),
        expect: { out: [ofp.local], tables: [...tables.fresh, 47, 44, 45], source: held.v4 },
      },
    ],
  },
  {
    name: 'a slot that another gateway had before asks it about what it does not know',
    node: 'gateway',
    gate: [gateEntry(slots.first, 'open', 4)],
    steps: [
      {
        name: 'segment of an unknown connection',
        packet: packet(fromClient, { ...reply, ...ack }),
        expect: toOther,
      },
      {
        name: "answer to the other holder's SYN",
        packet: packet(fromClient, { ...reply, ...synAck }),
        expect: toOther,
      },
      {
        name: 'a SYN is new',
        packet: packet(fromClient, { ...reply, ...syn }),
        expect: { out: [], tables: tables.unknown },
      },
      {
        name: 'datagram',
        packet: packet(fromClient, udpFields({ from: far.v6, to: held.v6 }, back)),
        expect: toOther,
      },
      {
        name: 'what conntrack cannot place',
        packet: packet(fromClient, { ...reply, ...ack }, { invalid: true }),
        expect: toOther,
      },
      {
        name: 'the answer that the other one does not know it either',
        packet: packet(bounced, { ...reply, ...ack }),
        expect: { out: [], tables: [0, 10, 24, 26, 21, 22] },
      },
      {
        name: 'a new connection gets a port of the lower half',
        packet: packet(fromAgent, { ...tcpFields({ from: podAddress.a.v4, to: far.v4 }, there), ...syn }),
        expect: {
          out: [ofp.local],
          tables: [...tables.fresh, 47, 44, 45],
          source: held.v4,
          sport: 1024,
        },
      },
      {
        name: 'a connection that lost its state keeps its port',
        packet: packet(fromAgent, {
          ...tcpFields({ from: podAddress.a.v4, to: far.v4 }, { sport: 50_000, dport: 80 }),
          ...ack,
        }),
        expect: { out: [ofp.local], tables: [...tables.fresh, 47, 44, 45], sport: 50_000 },
      },
      {
        name: 'its answer is known here',
        packet: packet(fromClient, {
          ...tcpFields({ from: far.v4, to: held.v4 }, { sport: 80, dport: 1024 }),
          ...synAck,
        }),
        expect: { out: [257], tunnel: 0x03_0007, tables: tables.reply },
      },
    ],
  },
  {
    name: 'connections of a gateway whose time is over come over with their ports, and it is still asked',
    node: 'gateway',
    gate: [gateEntry(slots.first, 'open', 4, true)],
    steps: [
      {
        name: 'datagram that comes over',
        packet: packet(
          fromAgent,
          udpFields({ from: podAddress.a.v4, to: far.v4 }, { sport: 50_000, dport: 53 }),
        ),
        expect: { out: [ofp.local], tables: [...tables.fresh, 47, 44, 45], source: held.v4, sport: 50_000 },
      },
      {
        name: 'segment of a connection that has not come over',
        packet: packet(fromClient, { ...reply, ...ack }),
        expect: toOther,
      },
    ],
  },
  {
    name: 'an armed gate takes replays, so that it knows the connection when it opens',
    node: 'gateway',
    gate: [gateEntry(slots.first, 'armed')],
    steps: [
      {
        name: 'replay',
        packet: packet(replayed, { ...tcpFields({ from: podAddress.a.v4, to: far.v4 }, there), ...ack }),
        expect: { out: [], tables: tables.fresh },
      },
      {
        name: 'nothing else of the Pod',
        packet: packet(fromAgent, { ...tcpFields({ from: podAddress.a.v4, to: far.v4 }, there), ...ack }),
        expect: { out: [], tables: tables.stopped },
      },
      {
        name: 'nothing from outside',
        packet: packet(fromClient, { ...reply, ...ack }),
        expect: silent,
      },
    ],
  },
  {
    name: 'a gateway without the slot takes no replays',
    node: 'gateway',
    gate: [],
    steps: [
      {
        name: 'replay',
        packet: packet(replayed, { ...tcpFields({ from: podAddress.a.v4, to: far.v4 }, there), ...ack }),
        expect: { out: [], tables: tables.stopped },
      },
    ],
  },
  {
    name: 'a replayed packet rebuilds its connection and goes nowhere',
    node: 'gateway',
    steps: [
      {
        name: 'unknown before',
        packet: packet(fromClient, { ...reply, ...ack }),
        expect: { out: [], tables: tables.unknown },
      },
      {
        name: 'replay',
        packet: packet(replayed, { ...tcpFields({ from: podAddress.a.v4, to: far.v4 }, there), ...ack }),
        expect: { out: [], tables: tables.fresh },
      },
      {
        name: 'known now',
        packet: packet(fromClient, { ...reply, ...ack }),
        expect: { out: [257], tunnel: 0x03_0007, tables: tables.reply, destination: podAddress.a.v4 },
      },
    ],
  },
];
