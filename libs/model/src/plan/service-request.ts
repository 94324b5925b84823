/** What the owner of a LoadBalancer Service asks for: addresses, with whom they are shared, who leaves with them. */
import { type LabelSelector, type Service } from '@sluice/kube';
import { parseEgressAnnotation } from '../annotation.js';
import {
  addressAnnotation,
  egressAnnotation,
  egressOfService,
  poolAnnotation,
  sharedAddressAnnotation,
} from '../names.js';
import { remembered } from '../remembered.js';
import { portsOf } from '../services/eligible.js';
import { type NoAddress } from './allocator.js';

export type Request =
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] }
  | { readonly kind: 'pool'; readonly pool: string }
  /** Whatever there is. */
  | { readonly kind: 'any' };

interface Refused {
  readonly kind: 'refused';
  readonly refusal: NoAddress;
}

export const requestOf = remembered(({ metadata, spec }: Service): Request | Refused => {
  const asked = metadata.annotations?.[addressAnnotation] ?? spec?.loadBalancerIP ?? '';
  const pool = metadata.annotations?.[poolAnnotation];
  if (asked === '') return pool === undefined ? { kind: 'any' } : { kind: 'pool', pool };
  const parsed = parseEgressAnnotation(asked);
  if (parsed.ok && parsed.request.kind === 'addresses') return parsed.request;
  const where =
    metadata.annotations?.[addressAnnotation] === undefined ? 'spec.loadBalancerIP' : addressAnnotation;
  const why = parsed.ok ? `name a pool by ${poolAnnotation}` : parsed.message;
  return { kind: 'refused', refusal: { reason: 'AnnotationInvalid', message: `${where}: ${why}` } };
});

/** Undefined: it shares with nobody. */
export function sharingKeyOf({ metadata }: Service): string | undefined {
  const key = metadata.annotations?.[sharedAddressAnnotation] ?? '';
  return key === '' ? undefined : key;
}

/** protocol/port, such as TCP/80: what no two Services of one address may have. */
export const portKeysOf = remembered((service: Service): readonly string[] =>
  portsOf(service).map(({ key }) => key),
);

/** Its Pods, if they shall leave with its address. A Service without selector has none. */
export function leavingPods({ metadata, spec }: Service): LabelSelector | undefined {
  const matchLabels = spec?.selector ?? {};
  const asked = metadata.annotations?.[egressAnnotation] === egressOfService;
  return asked && Object.keys(matchLabels).length > 0 ? { matchLabels } : undefined;
}
