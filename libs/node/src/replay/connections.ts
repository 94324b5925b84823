/** Connections that Pods opened, as the agent's zone of conntrack remembers them. */
import { dumpedConnection, lives } from '../switch/conntrack-dump.js';

export interface PodConnection {
  readonly protocol: 'tcp' | 'udp';
  /** Canonical. */
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Node id of the gateway that it is pinned to. */
  readonly gateway: number;
  readonly egressId: number;
}

/** Those that may still carry something; lines of other protocols, without a mark or in another form are left out. */
export const podConnections = (dump: string): readonly PodConnection[] =>
  dump.split('\n').flatMap((line) => {
    const found = dumpedConnection(line);
    if (found === undefined || found.mark === 0 || !lives(found)) return [];
    const { mark, protocol, source, destination, sourcePort, destinationPort } = found;
    const flow = { protocol, source, destination, sourcePort, destinationPort };
    return [{ ...flow, gateway: mark & 0xffff, egressId: mark >>> 16 }];
  });
