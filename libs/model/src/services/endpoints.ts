/**
 * EndpointSlices of a Service → the endpoints that may get new connections to one of its ports.
 *
 * Traffic policies play no part: a dedicated gateway runs no Pods, and `Local` is asked for to keep the client's address,
 * which gateways always do. So on a gateway both policies mean Cluster.
 */
import { type ServiceEndpoint, type TransportProtocol } from '../intent.js';
import { compareText } from '../ip-text.js';
import { protocolOf } from './eligible.js';
import { compareSockets, distinctIds, socketId } from './endpoint-ids.js';
import { placeOf, type Places } from './places.js';
import { type Candidate, type SliceView } from './slice-view.js';
import { type WeightOf } from './weights.js';

export interface NamedPort {
  /** Empty if it has no name. */
  readonly name: string;
  readonly protocol: TransportProtocol;
}

interface Target {
  readonly address: string;
  readonly port: number;
  readonly candidate: Candidate;
}

/** Each slice has its own number for a name: Pods of one Service may name different ports alike. */
function targetsOf(slices: readonly SliceView[], { name, protocol }: NamedPort): readonly Target[] {
  return slices.flatMap(({ ports, candidates }) => {
    const found = ports.find((port) => (port.name ?? '') === name && protocolOf(port.protocol) === protocol);
    const port = found?.port;
    if (port === undefined) return [];
    return candidates.map((candidate) => ({ address: candidate.address, port, candidate }));
  });
}

const rank = { ready: 0, leaving: 1, silent: 2 } as const;

/** Of two that name one socket the one that promises more comes first; then whatever does not depend on their order. */
function compareCandidates(a: Candidate, b: Candidate): number {
  return (
    rank[a.state] - rank[b.state] ||
    Number(a.nodeName === undefined) - Number(b.nodeName === undefined) ||
    compareText(a.nodeName ?? '', b.nodeName ?? '') ||
    compareText(a.zones.join(), b.zones.join())
  );
}

/** Sorted, each socket once. */
function unique(targets: readonly Target[]): readonly Target[] {
  const sorted = targets.toSorted(
    (a, b) => compareSockets(a, b) || compareCandidates(a.candidate, b.candidate),
  );
  return sorted.filter((target, at) => {
    const before = sorted[at - 1];
    return before === undefined || compareSockets(before, target) !== 0;
  });
}

interface Numbered extends Target {
  readonly id: number;
}

/** All have ids before any is chosen: neither a zone nor an endpoint that is not ready changes those of others. */
function numbered(targets: readonly Target[], protocol: TransportProtocol): readonly Numbered[] {
  const ids = distinctIds(
    targets.map(({ port, candidate }) => socketId(candidate.addressHash, port, protocol)),
  );
  return targets.map(({ address, port, candidate }, at) => ({ id: ids[at] ?? 0, address, port, candidate }));
}

/**
 * As kube-proxy (pkg/proxy/topology.go): zones count only if every ready endpoint has them and one has ours, and
 * never among those that terminate. Hints for nodes are not read: no Pod runs where a gateway does.
 */
function inScope(all: readonly Numbered[], zone: string | undefined): readonly Numbered[] {
  const ready = all.filter(({ candidate }) => candidate.state === 'ready');
  if (ready.length === 0) return all.filter(({ candidate }) => candidate.state === 'leaving');
  if (zone === undefined || ready.some(({ candidate }) => candidate.zones.length === 0)) return ready;
  const near = ready.filter(({ candidate }) => candidate.zones.includes(zone));
  return near.length === 0 ? ready : near;
}

export interface EndpointScope {
  readonly places: Places;
  /** Of the gateway. */
  readonly zone: string | undefined;
  /** By name of the Pod; undefined: all are alike. */
  readonly weightOf?: WeightOf | undefined;
}

/** Sorted by id. */
export function usableEndpoints(
  slices: readonly SliceView[],
  port: NamedPort,
  { places, zone, weightOf }: EndpointScope,
): readonly ServiceEndpoint[] {
  return inScope(numbered(unique(targetsOf(slices, port)), port.protocol), zone)
    .flatMap(({ id, address, port, candidate }): ServiceEndpoint[] => {
      const nodeId = placeOf(places, candidate.nodeName, address);
      const weight = weightOf?.(candidate.name);
      if (nodeId === undefined || weight === 0) return [];
      return [{ id, address, port, nodeId, ...(weight === undefined ? {} : { weight }) }];
    })
    .toSorted((a, b) => a.id - b.id);
}
