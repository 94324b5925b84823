/** Addresses of the lab that tests name: the pool, and the outside servers of both families. */
export const pool = { name: 'default', ipv4: '198.18.0.96/27', ipv6: '2001:db8:18::100-1ff' } as const;

/** Echo servers outside: `onLink` is on the gateways' uplink, `routed` behind the router. */
export const servers = {
  ipv4: { onLink: '198.18.0.10', routed: '203.0.113.10' },
  ipv6: { onLink: '2001:db8:18::10', routed: '2001:db8:203::10' },
} as const;

export const echoPorts = { tcp: 9000, udp: 9001 } as const;

/** HOST:PORT of an echo server. */
export const endpoint = (address: string, kind: 'tcp' | 'udp' | 'connect'): string => {
  const port = kind === 'udp' ? echoPorts.udp : echoPorts.tcp;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
};

export const worker = 'worker-1';
export const otherWorker = 'worker-2';
