/** What each component may do, and no more. */
import { type Component, labels, namespace, objectName } from './names.js';
import { nodePolicy } from './node-policy.js';
import { poolPolicy } from './pool-policy.js';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const read = ['get', 'list', 'watch'] as const;
const rule = (group: string, resources: readonly string[], verbs: readonly string[]): Rule => ({
  apiGroups: [group],
  resources,
  verbs,
});

const events = rule('events.k8s.io', ['events'], ['create', 'patch']);
const readEgress = rule('sluice.dev', ['egresspools', 'egressaddresses', 'egressgateways'], read);

const clusterRules = {
  controller: [
    rule('', ['nodes', 'namespaces', 'services'], [...read, 'patch']),
    // Addresses of LoadBalancer Services.
    rule('', ['services/status'], ['patch']),
    rule('sluice.dev', ['egresspools'], read),
    rule('sluice.dev', ['egressaddresses'], [...read, 'create', 'patch', 'delete']),
    rule('sluice.dev', ['egressgateways'], [...read, 'create', 'delete']),
    rule(
      'sluice.dev',
      ['egresspools/status', 'egressaddresses/status', 'egressgateways/status'],
      ['patch', 'update'],
    ),
    events,
  ],
  agent: [
    // Patch: its own annotation, on its own Node, as the admission policy sees to.
    rule('', ['nodes'], [...read, 'patch']),
    rule('', ['namespaces', 'pods'], read),
    rule('networking.k8s.io', ['servicecidrs'], read),
    // Of the API server and the cluster's DNS.
    rule('discovery.k8s.io', ['endpointslices'], read),
    readEgress,
    events,
  ],
  gateway: [
    rule('', ['nodes', 'namespaces', 'pods', 'services'], read),
    rule('discovery.k8s.io', ['endpointslices'], read),
    rule('networking.k8s.io', ['servicecidrs'], read),
    readEgress,
    rule('sluice.dev', ['egressaddresses/status', 'egressgateways/status'], ['patch', 'update']),
    // Who holds which slot.
    rule('sluice.dev', ['egresspools/status'], ['update']),
    events,
  ],
} as const satisfies Partial<Record<Component, readonly Rule[]>>;

const leases = rule('coordination.k8s.io', ['leases'], [...read, 'create', 'update', 'patch']);
const ownRules = {
  controller: [leases, rule('', ['configmaps'], ['get', 'create', 'patch', 'update'])],
  gateway: [leases],
} as const satisfies Partial<Record<Component, readonly Rule[]>>;

const authorization = 'rbac.authorization.k8s.io';

function account(component: Component): object {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: objectName(component), namespace, labels: labels(component) },
  };
}

function grant(
  component: Component,
  kind: 'Role' | 'ClusterRole',
  rules: readonly Rule[],
): readonly object[] {
  const name = objectName(component);
  const where = kind === 'Role' ? { namespace } : {};
  const common = {
    apiVersion: `${authorization}/v1`,
    metadata: { name, ...where, labels: labels(component) },
  };
  return [
    { ...common, kind, rules },
    {
      ...common,
      kind: `${kind}Binding`,
      roleRef: { apiGroup: authorization, kind, name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
  ];
}

export const rbacObjects = (): readonly object[] => [
  ...(['controller', 'gateway', 'agent'] as const).flatMap((component) => [
    account(component),
    ...grant(component, 'ClusterRole', clusterRules[component]),
  ]),
  ...(['controller', 'gateway'] as const).flatMap((component) =>
    grant(component, 'Role', ownRules[component]),
  ),
  account('ovs'),
  ...nodePolicy(),
  ...poolPolicy(),
];
