/** Connections that Pods opened, as the agent's zone of conntrack remembers them (ovs-dpctl(8), dump-conntrack). */
import { canonicalIp } from '@sluice/core';

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

/** Somebody may still speak on it; one that is over would come back to life by a replay. */
const lives = /state=(?:ESTABLISHED|CLOSE_WAIT|FIN_WAIT_1|FIN_WAIT_2)\b/;

const line =
  /^(tcp|udp),orig=\(src=([^,)]+),dst=([^,)]+),sport=(\d+),dport=(\d+)\),reply=\([^)]*\),.*?mark=(\d+)/;

function connectionIn(text: string): PodConnection | undefined {
  const [, protocol, source = '', destination = '', sport, dport, mark] = line.exec(text) ?? [];
  if (protocol !== 'tcp' && protocol !== 'udp') return undefined;
  if (protocol === 'tcp' && !lives.test(text)) return undefined;
  const bits = Number(mark);
  return {
    protocol,
    source: canonicalIp(source),
    destination: canonicalIp(destination),
    sourcePort: Number(sport),
    destinationPort: Number(dport),
    gateway: bits & 0xffff,
    egressId: bits >>> 16,
  };
}

/** Lines of other protocols, without a mark or in another form are left out. */
export const podConnections = (dump: string): readonly PodConnection[] =>
  dump.split('\n').flatMap((text) => connectionIn(text) ?? []);
