/** Who may connect to a Service from outside. */
import { parseCidr } from '@sluice/core';
import { type Service } from '@sluice/kube';
import { cidrOr, familyOf, sortedSet } from '../ip-text.js';
import { sourceRangesAnnotation } from '../names.js';

/** Undefined: the user asked for no limit. */
function rangesOf({ metadata, spec }: Service): readonly string[] | undefined {
  const field = spec?.loadBalancerSourceRanges ?? [];
  if (field.length > 0) return field;
  const text = metadata.annotations?.[sourceRangesAnnotation]?.trim() ?? '';
  return text === '' ? undefined : text.split(',');
}

/**
 * CIDRs of the family; undefined: all clients may. A limit that names nothing of the family lets nobody in, be it that all
 * is of the other family or that nothing of it is a CIDR: who writes a limit does not want the world.
 */
export function sourcesOf(service: Service, family: 4 | 6): readonly string[] | undefined {
  const cidrs = rangesOf(service)?.map((text) => cidrOr(text.trim()));
  if (cidrs === undefined) return undefined;
  const own = sortedSet(cidrs.filter((cidr) => cidr !== undefined && familyOf(cidr) === family));
  return own.some((cidr) => parseCidr(cidr).prefixLength === 0) ? undefined : own;
}
