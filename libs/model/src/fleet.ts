/** What the objects say about nodes: their ids and where their tunnels end. Nothing here trusts what a user wrote. */
import { type EgressGateway, type Node } from '@sluice/kube';
import { canonicalOr, compareText } from './ip-text.js';
import { nodeIdAnnotation, tunnelAddressAnnotation } from './names.js';
import { type World } from './world.js';

/** 65,023 is the last id that has an OpenFlow port. */
const lastNodeId = 65_023;

export function nodeIdOf({ metadata }: Node): number | undefined {
  const text = metadata.annotations?.[nodeIdAnnotation] ?? '';
  const id = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 0;
  return id >= 1 && id <= lastNodeId ? id : undefined;
}

/** By age; objects of the same second by namespace and name. */
export const olderFirst = (
  { metadata: a }: { readonly metadata: Node['metadata'] },
  { metadata: b }: { readonly metadata: Node['metadata'] },
): number =>
  compareText(a.creationTimestamp ?? '', b.creationTimestamp ?? '') ||
  compareText(a.namespace ?? '', b.namespace ?? '') ||
  compareText(a.name, b.name);

/** Node id by name. Of two nodes with one id the older has it, the other none. */
export function nodeIds(nodes: readonly Node[]): ReadonlyMap<string, number> {
  const used = new Set<number>();
  const ids = new Map<string, number>();
  for (const node of nodes.toSorted(olderFirst)) {
    const id = nodeIdOf(node);
    if (id === undefined || used.has(id)) continue;
    used.add(id);
    ids.set(node.metadata.name, id);
  }
  return ids;
}

/** What the node itself published, else its InternalIP of the outer family. */
export function tunnelAddressOf(
  node: Node,
  gateway: EgressGateway | undefined,
  family: 4 | 6,
): string | undefined {
  const published = [gateway?.status?.tunnelAddress, node.metadata.annotations?.[tunnelAddressAnnotation]];
  const internal = (node.status?.addresses ?? [])
    .filter(({ type }) => type === 'InternalIP')
    .map(({ address }) => address);
  const isOuter = (text: string): boolean => text.includes(':') === (family === 6);
  return [...published, ...internal].map(canonicalOr).find((text) => text !== undefined && isOuter(text));
}

/** EgressGateway by the name of its node. */
export const gatewaysByNode = ({ gateways }: World): ReadonlyMap<string, EgressGateway> =>
  new Map(
    gateways
      .toSorted(olderFirst)
      .toReversed()
      .map((gateway) => [gateway.spec.nodeName, gateway]),
  );

/** Gateways that shall give their slots away: an admin says so of the gateway, or has cordoned the node. */
export function leavingGateways({ gateways, nodes }: Pick<World, 'gateways' | 'nodes'>): ReadonlySet<string> {
  const cordoned = new Set(
    nodes.filter(({ spec }) => spec?.unschedulable === true).map(({ metadata }) => metadata.name),
  );
  const leaving = gateways.filter(({ spec }) => spec.draining || cordoned.has(spec.nodeName));
  return new Set(leaving.map(({ metadata }) => metadata.name));
}

/** All addresses of a node, canonical. */
export const addressesOf = ({ status, metadata }: Node): readonly string[] =>
  [
    ...(status?.addresses ?? [])
      .filter(({ type }) => type === 'InternalIP' || type === 'ExternalIP')
      .map(({ address }) => address),
    metadata.annotations?.[tunnelAddressAnnotation],
  ]
    .map(canonicalOr)
    .filter((text) => text !== undefined);

/** By the cluster autoscaler, on a Node that it is about to delete (KEP-3836). */
const goingTaint = 'ToBeDeletedByClusterAutoscaler';

/** Whether load balancers in front of the gateways shall send new clients to this node. */
export function takesNewClients(world: Pick<World, 'gateways' | 'nodes'>, nodeName: string): boolean {
  const node = world.nodes.find(({ metadata }) => metadata.name === nodeName);
  if (node === undefined || node.metadata.deletionTimestamp !== undefined) return false;
  if (node.spec?.taints?.some(({ key }) => key === goingTaint) === true) return false;
  const leaving = leavingGateways(world);
  return !world.gateways.some(
    ({ spec, metadata }) => spec.nodeName === nodeName && leaving.has(metadata.name),
  );
}
