/** Connections for the specs of this folder. */
import { type NewConnection, protocols } from '@sluice/netlink';

export const zone = 1;
export const address = '198.18.0.100';
export const otherAddress = '198.18.0.101';

/** TCP of a Pod to a server, from an egress address. */
export const egress = (port: number, more: Partial<NewConnection> = {}): NewConnection => ({
  zone,
  original: {
    source: '10.244.1.5',
    destination: '203.0.113.10',
    protocol: protocols.tcp,
    transport: { kind: 'ports', source: port, destination: 443 },
  },
  sourceNat: { address, port },
  destinationNat: undefined,
  timeoutS: 300,
  mark: 0x7_0003,
  labels: undefined,
  sctp: undefined,
  ...more,
});
