/** What one EndpointSlice says, read once for all ports of its Service. */
import { type EndpointSlice } from '@sluice/kube';
import { canonicalOr } from '../ip-text.js';
import { fnv } from './hash.js';

export interface Candidate {
  /** Canonical. */
  readonly address: string;
  readonly addressHash: number;
  readonly nodeName: string | undefined;
  /** `leaving`: terminates and still answers. `silent`: must get nothing. */
  readonly state: 'ready' | 'leaving' | 'silent';
  /** Of its Pod. */
  readonly name: string | undefined;
  /** Zones whose clients it is meant for; empty: nobody said. */
  readonly zones: readonly string[];
}

export interface SliceView {
  readonly ports: NonNullable<EndpointSlice['ports']>;
  readonly candidates: readonly Candidate[];
}

type SliceEndpoint = NonNullable<EndpointSlice['endpoints']>[number];

/** discovery/v1: a condition that is not given counts as ready, as serving as it is ready, and as not terminating. */
function stateOf({ conditions }: SliceEndpoint): Candidate['state'] {
  const ready = conditions?.ready ?? true;
  if (ready) return 'ready';
  const serving = conditions?.serving ?? ready;
  return serving && conditions?.terminating === true ? 'leaving' : 'silent';
}

const noZones: readonly string[] = [];

function candidateOf(endpoint: SliceEndpoint, isIPv6: boolean): readonly Candidate[] {
  // All but the first address have no meaning (discovery/v1, Endpoint.addresses).
  const address = canonicalOr(endpoint.addresses[0]);
  if (address?.includes(':') !== isIPv6) return [];
  const { nodeName, hints, targetRef } = endpoint;
  const zones = hints?.forZones?.map(({ name }) => name) ?? noZones;
  return [
    { address, addressHash: fnv(address), nodeName, state: stateOf(endpoint), name: targetRef?.name, zones },
  ];
}

/** Objects do not change: a large Service has ten slices, of which one is new. */
const views = new WeakMap<EndpointSlice, SliceView>();

function viewOf(slice: EndpointSlice): SliceView {
  const known = views.get(slice);
  if (known !== undefined) return known;
  const isIPv6 = slice.addressType === 'IPv6';
  const candidates = (slice.endpoints ?? []).flatMap((endpoint) => candidateOf(endpoint, isIPv6));
  const view = { ports: slice.ports ?? [], candidates };
  views.set(slice, view);
  return view;
}

/** Of one family; those of names (FQDN) are of none. */
export const sliceViews = (slices: Iterable<EndpointSlice>, family: 4 | 6): readonly SliceView[] =>
  [...slices].filter(({ addressType }) => addressType === `IPv${family}`).map(viewOf);
