/**
 * Which addresses a namespace uses. An annotation that is malformed or was refused leaves the last good setting; one that
 * is well-formed and not answered yet captures and blocks, so that nothing leaves with another address.
 */
import { type EgressAddress, type Namespace } from '@sluice/kube';
import { type EgressRequest, parseEgressAnnotation } from './annotation.js';
import { readEgressStatus } from './egress-status.js';
import { egressAnnotation } from './names.js';

/** The addresses of each namespace. */
export class NamespaceClaims {
  private readonly byUid: ReadonlyMap<string, readonly EgressAddress[]>;

  constructor(addresses: readonly EgressAddress[]) {
    const claims = addresses.filter(({ spec }) => spec.claim.kind === 'Namespace');
    this.byUid = Map.groupBy(claims, ({ spec }) => spec.claim.uid);
  }

  of({ metadata: { uid } }: Namespace): readonly EgressAddress[] {
    return uid === undefined ? [] : (this.byUid.get(uid) ?? []);
  }
}

/** Whether an allocation is what the request asks for. */
export function satisfies({ spec }: EgressAddress, request: EgressRequest): boolean {
  if (request.kind === 'pool') return spec.pool === request.pool;
  return spec.addresses.toSorted().join() === request.addresses.toSorted().join();
}

export type NamespaceEgress =
  | { readonly kind: 'direct' }
  /** Without `claim`: captured, every family blocked. */
  | { readonly kind: 'capture'; readonly claim: EgressAddress | undefined };

/** `claims` are those of the namespace, as `NamespaceClaims` gives them. */
export function namespaceEgress(namespace: Namespace, claims: readonly EgressAddress[]): NamespaceEgress {
  const text = namespace.metadata.annotations?.[egressAnnotation];
  if (text === undefined) return { kind: 'direct' };
  const parsed = parseEgressAnnotation(text);
  const refused = readEgressStatus(namespace).some(
    ({ state, request }) => state === 'Refused' && request === text,
  );
  const [oldest] = claims.toSorted((a, b) => a.spec.id - b.spec.id);
  if (!parsed.ok) return oldest === undefined ? { kind: 'direct' } : { kind: 'capture', claim: oldest };
  const wanted = claims.find((claim) => satisfies(claim, parsed.request));
  if (refused && oldest === undefined) return { kind: 'direct' };
  return { kind: 'capture', claim: wanted ?? oldest };
}
