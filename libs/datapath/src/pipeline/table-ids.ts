/**
 * Assignment of table ids. The order of the numbers is the order of the stages, not of the packet; gaps are room.
 * 27 stays free: it answered neighbour solicitations before the host's kernel did.
 */
export const tableIds = {
  classify: 0,
  'tunnel-in': 10,
  'uplink-in': 20,
  'uplink-ct-state': 21,
  service: 22,
  gate: 23,
  'size-check': 24,
  'host-out': 25,
  'gateway-ct': 26,
  endpoint: 28,
  held: 29,
  'pod-out': 30,
  'pod-ct-state': 31,
  pod: 32,
  pinned: 33,
  send: 34,
  repick: 35,
  pin: 36,
  egress: 40,
  'ct-state': 41,
  snat: 42,
  route: 43,
  neighbour: 44,
  resolved: 45,
  emit: 46,
  'next-hop': 47,
  'to-node': 50,
  'to-pod': 60,
  'to-pod-pin': 61,
  'to-pod-out': 62,
} as const;

export type TableName = keyof typeof tableIds;
