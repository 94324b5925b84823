/** Intents of a small network: worker 1, gateways 3 and 4, node 5 with both roles; documentation addresses. */
import { type GateEntry, type GateForm } from '../gate/entry.js';
import {
  type AgentIntent,
  type GatewayIntent,
  type Intent,
  type ServicePort,
  type TunnelPeer,
} from '@sluice/model';

export const gatewayMac = (nodeId: number): string => `02:5c:18:00:00:0${String(nodeId)}`;

export const peer = (nodeId: number, gateway: boolean): TunnelPeer => ({
  nodeId,
  nodeName: `node-${String(nodeId)}`,
  address: `172.31.0.${String(nodeId)}`,
  gateway,
});

/** Another gateway as a gateway sees it. */
const rival = (nodeId: number): TunnelPeer => ({ ...peer(nodeId, true), uplinkMac: gatewayMac(nodeId) });

export const pool = { v4: '198.18.0.0/24', v6: '2001:db8:18::/64' } as const;
/** Pool 2 lies outside the uplink's own networks; the router has these on the same link. */
export const outsidePool = { v4: '192.0.2.0/28', v6: '2001:db8:92::/64' } as const;
export const router = { v4: '198.18.0.1', v6: '2001:db8:18::1' } as const;
/** Egress 7 has both families, egress 8 only IPv4. Pool 1: slots 1024 and up. Egress 12 is of pool 2: slots 2048 and up. */
export const egressAddress = {
  7: { v4: '198.18.0.100', v6: '2001:db8:18::100' },
  8: { v4: '198.18.0.101' },
  12: { v4: '192.0.2.5', v6: '2001:db8:92::5' },
} as const;
export const slots = { first: 1024, second: 1025, outside: 2048 } as const;
export const podAddress = {
  a: { v4: '10.244.1.5', v6: 'fd00:244:1::5' },
  /** Egress 8: IPv6 is blocked. */
  b: { v4: '10.244.1.6', v6: 'fd00:244:1::6' },
  /** Without egress. */
  direct: { v4: '10.244.1.7' },
} as const;

export const agentIntent: AgentIntent = {
  clusterCidrs: ['10.244.0.0/16', '10.96.0.0/12', '172.31.0.0/24', 'fd00:244::/32', 'fd00:96::/108'],
  podCidrs: ['10.244.1.0/24', 'fd00:244:1::/64'],
  pods: [
    { key: 'shop/a', address: podAddress.a.v4, verdict: { kind: 'capture', egressId: 7 } },
    { key: 'shop/a', address: podAddress.a.v6, verdict: { kind: 'capture', egressId: 7 } },
    {
      key: 'shop/b',
      address: podAddress.b.v4,
      interface: 'veth-b',
      verdict: { kind: 'capture', egressId: 8 },
    },
    { key: 'shop/b', address: podAddress.b.v6, interface: 'veth-b', verdict: { kind: 'capture' } },
    { key: 'shop/direct', address: podAddress.direct.v4, verdict: { kind: 'direct' } },
  ],
  egresses: [
    { egressId: 7, slot: slots.first, serving: [3, 4] },
    { egressId: 8, slot: slots.second, serving: [4] },
  ],
  slots: [
    { slot: slots.first, gateways: [3, 4] },
    { slot: slots.second, gateways: [4, 3] },
  ],
};

/** One endpoint each, on worker 1: what a hash would choose is known. */
const shop = { serviceId: 17, key: 'shop/web:http', protocol: 'TCP', nodePort: 30_080 } as const;
export const services: readonly ServicePort[] = [
  {
    ...shop,
    family: 4,
    addresses: [{ address: egressAddress[7].v4, port: 443, slot: slots.first }],
    endpoints: [{ id: 5000, address: podAddress.a.v4, port: 8080, nodeId: 1 }],
  },
  {
    ...shop,
    family: 6,
    addresses: [{ address: egressAddress[7].v6, port: 443, slot: slots.first }],
    endpoints: [{ id: 6000, address: podAddress.a.v6, port: 8080, nodeId: 1 }],
  },
  {
    ...{ serviceId: 18, key: 'shop/dns:udp', family: 4, protocol: 'UDP', nodePort: 30_053 },
    addresses: [],
    endpoints: [],
    sources: ['203.0.113.0/24'],
  },
  {
    ...{ serviceId: 19, key: 'shop/full:http', family: 4, protocol: 'TCP', nodePort: 30_090 },
    addresses: [],
    endpoints: [{ id: 5001, address: podAddress.a.v4, port: 9090, nodeId: 1 }],
    ...{ maxConnections: 10, refuses: true },
  },
];

export const gatewayIntent = (nodeId: number): GatewayIntent => ({
  uplink: {
    interface: 'eth1',
    mac: gatewayMac(nodeId),
    addresses: [`198.18.0.${String(nodeId)}/24`, `2001:db8:18::${String(nodeId)}/64`],
    mtu: 1500,
  },
  pools: [
    { poolId: 1, sources: [pool.v4], subnet: pool.v4, nextHop: router.v4 },
    { poolId: 1, sources: [pool.v6], subnet: pool.v6, nextHop: router.v6 },
    { poolId: 2, sources: [outsidePool.v4], subnet: pool.v4, nextHop: router.v4 },
    { poolId: 2, sources: [outsidePool.v6], subnet: pool.v6, nextHop: router.v6 },
  ],
  egresses: [
    { egressId: 7, slot: slots.first, addresses: Object.values(egressAddress[7]), held: true },
    { egressId: 8, slot: slots.second, addresses: Object.values(egressAddress[8]), held: nodeId === 5 },
    { egressId: 12, slot: slots.outside, addresses: Object.values(egressAddress[12]), held: true },
  ],
  services,
  healthChecks: [],
});

const node = (nodeId: number, peers: readonly TunnelPeer[]): Intent => ({
  nodeId,
  nodeName: `node-${String(nodeId)}`,
  underlayMtu: 1500,
  underlayFamily: 4,
  peers,
});

export const intents = {
  agent: { ...node(1, [peer(3, true), peer(4, true)]), agent: agentIntent },
  gateway: { ...node(3, [peer(1, false), rival(4)]), gateway: gatewayIntent(3) },
  both: {
    ...node(5, [peer(1, false), rival(4)]),
    agent: {
      ...agentIntent,
      egresses: agentIntent.egresses.map((route) => ({ ...route, serving: [5] })),
      slots: [
        { slot: slots.first, gateways: [5, 4] },
        { slot: slots.second, gateways: [5, 4] },
      ],
    },
    gateway: gatewayIntent(5),
  },
} as const satisfies Record<string, Intent>;

export const gateEntry = (slot: number, form: GateForm, otherHolder = 0, parting = false): GateEntry => ({
  slot,
  form,
  epoch: 1_790_000_000_000,
  otherHolder,
  parting,
  incarnation: 7,
});

/** What the gates of the nodes say when nothing moves: node 3 has the first slot, node 5 both. */
export const gates: Readonly<Record<keyof typeof intents, readonly GateEntry[]>> = {
  agent: [],
  gateway: [gateEntry(slots.first, 'open'), gateEntry(slots.outside, 'open')],
  both: [slots.first, slots.second, slots.outside].map((slot) => gateEntry(slot, 'open')),
};
