/**
 * What a node's work depends on, of the objects that it follows. A failover writes the status of thousands of addresses, and
 * each allocation the counters of its pool and its gateway: none of that is work for a node.
 */
import {
  type EgressAddress,
  type EgressGateway,
  type EgressPool,
  type KubeObject,
  type ObjectMeta,
} from '@sluice/kube';

const withoutVersion = (metadata: ObjectMeta) => ({ ...metadata, resourceVersion: undefined });

const whole = ({ metadata, ...rest }: KubeObject) => [withoutVersion(metadata), rest];

export const workOfAddress = ({ spec }: EgressAddress) => [spec];

export const workOfPool = ({ metadata, spec, status }: EgressPool) => [
  withoutVersion(metadata),
  spec,
  status?.id,
  status?.slots,
];

/** Where others reach it; not what the controller counts, nor what it says of itself to people. */
export const workOfGateway = ({ metadata, spec, status }: EgressGateway) => [
  withoutVersion(metadata),
  spec,
  status?.uplinkMAC,
  status?.uplinkAddresses,
  status?.tunnelAddress,
];

/** `work`: a node's work depends on it. `report`: only what the node reports may. `nothing`: the same object once more. */
export type Effect = 'work' | 'report' | 'nothing';

/** What the step from one version to another means; `workOf`: what of the object is work, all unless told. */
export function effectOf<T extends KubeObject>(
  before: T,
  after: T,
  workOf?: (object: T) => readonly unknown[],
): Effect {
  const differs = (part: (object: T) => readonly unknown[]): boolean =>
    JSON.stringify(part(before)) !== JSON.stringify(part(after));
  if (!differs(whole)) return 'nothing';
  return workOf === undefined || differs(workOf) ? 'work' : 'report';
}
