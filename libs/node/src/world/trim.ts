/** What a node keeps of objects that are large or many; the rest would only cost memory. */
import { type Namespace, type Node, type ObjectMeta, type Pod } from '@sluice/kube';

const trimMeta = ({
  name,
  namespace,
  uid,
  resourceVersion,
  creationTimestamp,
  annotations,
  labels,
}: ObjectMeta) => ({
  name,
  ...(namespace === undefined ? {} : { namespace }),
  ...(uid === undefined ? {} : { uid }),
  ...(resourceVersion === undefined ? {} : { resourceVersion }),
  ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
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
  },
  status: { ...(status?.addresses === undefined ? {} : { addresses: status.addresses }) },
});

export const trimNamespace = ({ metadata }: Namespace): Namespace => ({
  metadata: { ...trimMeta(metadata), ...sluiceOnly(metadata.annotations) },
});

export const trimPod = ({ metadata, spec, status }: Pod): Pod => ({
  metadata: { ...trimMeta(metadata), ...sluiceOnly(metadata.annotations), labels: {} },
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
