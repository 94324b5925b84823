/** Port numbers, group ids and MAC addresses of the bridge: who owns which range. */
import { type GlobalSlot } from '@sluice/model';

/** OpenFlow ports with a fixed place; tunnel ports are 256 + node id. */
export const ofports = { sluice0: 1, uplink: 2, slowPort: 3, tunnelBase: 256 } as const;

/** 65,023 is the last id whose port (65,279 = 0xfeff) is below OpenFlow 1.0's reserved ports, as OVS wants it. */
export const nodeIds = { first: 1, last: 65_023 } as const;

export const tunnelPort = (nodeId: number): number => ofports.tunnelBase + nodeId;
/** The node at the other end of a tunnel port; undefined: it is none. */
export const tunnelNode = (port: number): number | undefined =>
  port > ofports.tunnelBase && port <= tunnelPort(nodeIds.last) ? port - ofports.tunnelBase : undefined;
/** Short whatever the node's name: an interface name has 15 characters. */
export const tunnelName = (nodeId: number): string => `t-${String(nodeId)}`;

export const bridgeName = 'br-sluice';
export const podPortName = 'sluice0';
export const slowPortName = 'sluice-rej';

/** Tunnel ids of packets that processes send themselves. */
export const tunnelIds = { replayEgress: (egressId: number): number => 0x06_0000 + egressId } as const;

/** Locally administered; the same on every node, for they never leave it. */
export const macs = {
  /** Next hop of captured egress packets. */
  egressHop: '02:5c:00:00:00:01',
  /** sluice0 and sluice-rej themselves. */
  host: '02:5c:00:00:00:02',
  /** Next hop of replies of inbound connections. */
  replyHop: '02:5c:00:00:00:03',
  /** Source towards the slow port and the resolver: the kernel routes it. */
  resolver: '02:5c:00:00:00:05',
  /** Source towards the slow port: too big for the tunnel. */
  tooBig: '02:5c:00:00:00:06',
  zero: '00:00:00:00:00:00',
} as const;

/** In whose name a gateway asks by neighbour discovery whether anybody has a slot: of the uplink's link alone. */
export const probeAddress = (nodeId: number): string => `fe80::5c:${nodeId.toString(16)}`;

/** Group ids: kind in the upper byte, object below. */
export const groupIds = {
  /** An endpoint of a service, by family; shards of a large one in the upper byte. */
  service: (service: number, family: 4 | 6, shard = 0): number =>
    (family === 4 ? 0x0001_0000 : 0x0002_0000) + service + shard * 0x0100_0000,
  /** The gateways of a slot, best first; picks and pins. */
  slot: (slot: GlobalSlot): number => 0x0100_0000 + slot,
  /** The gateway that a connection is pinned to, or a new pick. */
  pinned: (nodeId: number): number => 0x0200_0000 + nodeId,
  /** Any live gateway. */
  any: 0x0300_0000,
  /** All gateways at once. */
  all: 0x0300_0001,
} as const;

export const groupKinds = ['service', 'slot', 'pinned', 'any', 'all'] as const;
export type GroupKind = (typeof groupKinds)[number];

/** The kind of a group id, undefined for ids that are not ours. */
export function groupKind(id: number): GroupKind | undefined {
  if (id === groupIds.any) return 'any';
  if (id === groupIds.all) return 'all';
  switch (id >>> 16) {
    case 0x0100:
      return 'slot';
    case 0x0200:
      return 'pinned';
    default:
      return [1, 2].includes((id >>> 16) & 0xff) ? 'service' : undefined;
  }
}
