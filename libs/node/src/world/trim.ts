/**
 * What a node keeps of objects that are large or many, which is what its work depends on: the rest would only cost memory,
 * and what changes nothing of it costs no pass.
 */
import {
  type EndpointSlice,
  type Namespace,
  type Node,
  type ObjectMeta,
  type Pod,
  type Service,
} from '@sluice/kube';
import {
  egressStatusAnnotation,
  readEgressStatus,
  serviceNameLabel,
  sourceRangesAnnotation,
} from '@sluice/model';

const trimMeta = ({
  name,
  namespace,
  uid,
  resourceVersion,
  creationTimestamp,
  deletionTimestamp,
  annotations,
  labels,
}: ObjectMeta) => ({
  name,
  ...(namespace === undefined ? {} : { namespace }),
  ...(uid === undefined ? {} : { uid }),
  ...(resourceVersion === undefined ? {} : { resourceVersion }),
  ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
  ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
  ...(annotations === undefined ? {} : { annotations }),
  ...(labels === undefined ? {} : { labels }),
});

const sluiceOnly = (values: Readonly<Record<string, string>> | undefined) =>
  values === undefined
    ? {}
    : {
        annotations: Object.fromEntries(
          Object.entries(values).filter(([key]) => key.startsWith('sluice.dev/')),
        ),
      };

export const trimNode = ({ metadata, spec, status }: Node): Node => ({
  metadata: { ...trimMeta(metadata), ...sluiceOnly(metadata.annotations) },
  spec: {
    ...(spec?.podCIDRs === undefined ? {} : { podCIDRs: spec.podCIDRs }),
    ...(spec?.unschedulable === undefined ? {} : { unschedulable: spec.unschedulable }),
    ...(spec?.taints === undefined ? {} : { taints: spec.taints }),
  },
  status: { ...(status?.addresses === undefined ? {} : { addresses: status.addresses }) },
});

/** Of what the controller says of a namespace only what it refused: the rest changes with every failover. */
export function trimNamespace(namespace: Namespace): Namespace {
  const { metadata } = namespace;
  const refused = readEgressStatus(namespace).filter(({ state }) => state === 'Refused');
  const { [egressStatusAnnotation]: _, ...others } = sluiceOnly(metadata.annotations).annotations ?? {};
  const told = refused.length === 0 ? {} : { [egressStatusAnnotation]: JSON.stringify(refused) };
  return { metadata: { ...trimMeta(metadata), annotations: { ...others, ...told } } };
}

export const trimService = ({ metadata, spec, status }: Service): Service => {
  const ranges = metadata.annotations?.[sourceRangesAnnotation];
  const { annotations } = sluiceOnly(metadata.annotations);
  return {
    metadata: {
      ...trimMeta(metadata),
      annotations: { ...annotations, ...(ranges === undefined ? {} : { [sourceRangesAnnotation]: ranges }) },
      labels: {},
    },
    ...(spec === undefined ? {} : { spec }),
    status: { ...(status?.loadBalancer === undefined ? {} : { loadBalancer: status.loadBalancer }) },
  };
};

export const trimEndpointSlice = ({
  metadata,
  addressType,
  endpoints,
  ports,
}: EndpointSlice): EndpointSlice => ({
  metadata: {
    ...trimMeta(metadata),
    annotations: {},
    labels: { [serviceNameLabel]: metadata.labels?.[serviceNameLabel] ?? '' },
  },
  addressType,
  endpoints: (endpoints ?? []).map(({ addresses, conditions, hints, nodeName, targetRef }) => ({
    addresses,
    ...(conditions === undefined ? {} : { conditions }),
    ...(hints === undefined ? {} : { hints }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(targetRef?.name === undefined ? {} : { targetRef: { name: targetRef.name } }),
  })),
  ports,
});

export const trimPod = ({ metadata, spec, status }: Pod): Pod => ({
  metadata: { ...trimMeta(metadata), ...sluiceOnly(metadata.annotations) },
  spec: {
    containers: [],
    ...(spec?.hostNetwork === undefined ? {} : { hostNetwork: spec.hostNetwork }),
    ...(spec?.nodeName === undefined ? {} : { nodeName: spec.nodeName }),
  },
  status: {
    ...(status?.phase === undefined ? {} : { phase: status.phase }),
    ...(status?.podIP === undefined ? {} : { podIP: status.podIP }),
    ...(status?.podIPs === undefined ? {} : { podIPs: status.podIPs }),
  },
});
