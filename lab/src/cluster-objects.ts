/** Kubernetes objects that a cluster's installer would create: nodes with their roles and Pod networks, DNS's rights. Pure. */
import { ofFamilies, type LabPlan, type NodePlan } from './plan.js';

/**
 * A node before its kubelet registers it: the kubelet adopts it, the controller-manager keeps the given Pod networks.
 * So CNI configuration and routes need not wait for anybody.
 */
function node(plan: LabPlan, { name, role, podCidrs }: NodePlan): object {
  const cidrs = ofFamilies(plan, podCidrs);
  const gateway = role === 'gateway';
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        [`node-role.kubernetes.io/${role}`]: '',
        ...(gateway ? { 'sluice.dev/gateway': 'true' } : {}),
      },
    },
    spec: {
      podCIDR: cidrs[0],
      podCIDRs: cidrs,
      ...(gateway ? { taints: [{ key: 'sluice.dev/gateway', effect: 'NoSchedule' }] } : {}),
    },
  };
}

const dnsRole = [
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'system:coredns' },
    rules: [
      { apiGroups: [''], resources: ['services', 'pods', 'namespaces'], verbs: ['list', 'watch'] },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
    ],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'system:coredns' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:coredns' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'system:coredns' }],
  },
];

export const clusterObjects = (plan: LabPlan, missing: readonly NodePlan[]): readonly object[] => [
  ...missing.map((entry) => node(plan, entry)),
  ...dnsRole,
];
