/** Ids of endpoints: a select group hashes over them, so they must not depend on what else a gateway has seen. */
import { type TransportProtocol } from '../intent.js';
import { compareText } from '../ip-text.js';
import { avalanche, fnv, fnvStep } from './hash.js';

/** Open vSwitch has bucket ids 0..0xffffff00; 0 stays free to mean none. */
const lastId = 0xffff_feff;

/** As in IP headers. */
const numbers = { TCP: 6, UDP: 17, SCTP: 132 } as const;

/** 1..0xfffffeff. `addressHash` is `fnv` of the canonical address: it is the same for all ports. */
export const socketId = (addressHash: number, port: number, protocol: TransportProtocol): number =>
  (avalanche(fnvStep(fnvStep(addressHash, port), numbers[protocol])) % lastId) + 1;

/** 1..0xfffffeff. `address` is canonical. */
export const endpointId = (address: string, port: number, protocol: TransportProtocol): number =>
  socketId(fnv(address), port, protocol);

export interface Socket {
  readonly address: string;
  readonly port: number;
}

export const compareSockets = (a: Socket, b: Socket): number =>
  compareText(a.address, b.address) || a.port - b.port;

/**
 * Ids of the sockets of one Service port, sorted by `compareSockets` without duplicates: `hashed` are their `socketId`s.
 * Of two that are the same the later socket has the next free id.
 */
export function distinctIds(hashed: readonly number[]): readonly number[] {
  const used = new Set<number>();
  return hashed.map((hash) => {
    let id = hash;
    while (used.has(id)) id = id === lastId ? 1 : id + 1;
    used.add(id);
    return id;
  });
}
