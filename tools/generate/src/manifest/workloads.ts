/** The Deployment and the DaemonSets. */
import {
  type Component,
  configMap,
  labels,
  metadata,
  objectName,
  redisSecret,
  redisSecretPath,
  selector,
  version,
} from './names.js';

const gatewayLabel = 'sluice.dev/gateway';
const image = (name: 'sluice' | 'sluice-ovs'): string => `${name}:${version}`;

const ports = { agent: 9810, gateway: 9811, controller: 9812 } as const;

const probe = (component: keyof typeof ports, path: string) => ({
  httpGet: { path, port: ports[component], host: '127.0.0.1' },
});

const fromField = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });

const config = [{ configMapRef: { name: configMap } }] as const;

const hostPath = (name: string, path: string, type?: string) => ({
  name,
  hostPath: { path, ...(type === undefined ? {} : { type }) },
});

function podSpec(component: Component): object {
  return {
    serviceAccountName: objectName(component),
    priorityClassName: component === 'controller' ? 'system-cluster-critical' : 'system-node-critical',
  };
}

/**
 * Every node pays for an agent: small code and what the image sets are 22 MB less (59 MB at rest). A young generation of
 * 1 MB made the collector a tenth of a takeover of a thousand addresses; 4 MB cost nothing at rest. Gateway and controller
 * have all Services: with small code a plan of 10,000 of them takes three times as long. Without a limit to its growth the
 * heap of a gateway was 700 MB after some hundred changes, most of it garbage. A heap that grows by half at a time is
 * collected six times on the way to 10,000 Services; it need not be before it has 128 MB, and is once when everything is
 * there (FirstCollection).
 */
const v8Flags = {
  agent: ['--max-semi-space-size=4', '--optimize-for-size'],
  gateway: [
    ...['--max-semi-space-size=8', '--heap-growing-percent=50'],
    ...['--initial-old-space-size=128', '--expose-gc'],
  ],
  controller: ['--max-semi-space-size=8', '--heap-growing-percent=50'],
} as const;

const program = (component: keyof typeof v8Flags): readonly string[] => [
  ...v8Flags[component],
  `/opt/sluice/${component}.mjs`,
];

const onGateways = { nodeSelector: { [gatewayLabel]: 'true' } } as const;
const notOnGateways = {
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [
          { matchExpressions: [{ key: gatewayLabel, operator: 'NotIn', values: ['true'] }] },
        ],
      },
    },
  },
} as const;

export function controller(): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata('controller'),
    spec: {
      replicas: 1,
      selector: { matchLabels: selector('controller') },
      // The old one gives the leadership back when the new one is ready.
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels: labels('controller') },
        spec: {
          ...podSpec('controller'),
          tolerations: [{ key: 'node-role.kubernetes.io/control-plane', operator: 'Exists' }],
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 65534,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [
            {
              name: 'controller',
              image: image('sluice'),
              imagePullPolicy: 'IfNotPresent',
              args: program('controller'),
              env: [
                fromField('SLUICE_POD_NAME', 'metadata.name'),
                fromField('SLUICE_NAMESPACE', 'metadata.namespace'),
              ],
              envFrom: config,
              ports: [{ name: 'status', containerPort: ports.controller }],
              livenessProbe: {
                httpGet: { path: '/healthz', port: 'status' },
                periodSeconds: 10,
                failureThreshold: 6,
              },
              readinessProbe: { httpGet: { path: '/readyz', port: 'status' }, periodSeconds: 2 },
              resources: { requests: { cpu: '50m', memory: '128Mi' } },
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
              },
            },
          ],
        },
      },
    },
  };
}

/**
 * Agents and gateways change links, routes, nftables and sysctls of the node: NET_ADMIN, and nothing else. The node's
 * /proc/sys/net is mounted beside the container's own, which is read-only.
 */
function nodeProcess(component: 'agent' | 'gateway'): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: metadata(component),
    spec: {
      selector: { matchLabels: selector(component) },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
      template: {
        metadata: { labels: labels(component) },
        spec: {
          ...podSpec(component),
          ...(component === 'gateway' ? onGateways : notOnGateways),
          hostNetwork: true,
          dnsPolicy: 'ClusterFirstWithHostNet',
          tolerations: [{ operator: 'Exists' }],
          containers: [
            {
              name: component,
              image: image('sluice'),
              imagePullPolicy: 'IfNotPresent',
              args: program(component),
              env: [
                fromField('SLUICE_NODE_NAME', 'spec.nodeName'),
                fromField('SLUICE_NAMESPACE', 'metadata.namespace'),
                { name: 'SLUICE_SYSCTL_ROOT', value: '/host/proc/sys' },
              ],
              envFrom: config,
              livenessProbe: { ...probe(component, '/healthz'), periodSeconds: 10, failureThreshold: 6 },
              readinessProbe: { ...probe(component, '/readyz'), periodSeconds: 2 },
              resources: { requests: { cpu: '50m', memory: '128Mi' } },
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] },
              },
              volumeMounts: [
                { name: 'run', mountPath: '/run/sluice' },
                { name: 'state', mountPath: '/var/lib/sluice' },
                { name: 'sysctls', mountPath: '/host/proc/sys/net' },
                ...(component === 'gateway'
                  ? [{ name: 'redis', mountPath: redisSecretPath, readOnly: true }]
                  : []),
              ],
            },
          ],
          volumes: [
            hostPath('run', '/run/sluice', 'DirectoryOrCreate'),
            hostPath('state', '/var/lib/sluice', 'DirectoryOrCreate'),
            hostPath('sysctls', '/proc/sys/net', 'Directory'),
            ...(component === 'gateway'
              ? [{ name: 'redis', secret: { secretName: redisSecret, optional: true } }]
              : []),
          ],
        },
      },
    },
  };
}

/** Upgrading Sluice never restarts Open vSwitch: OnDelete. Privileged: it opens TUN devices and packet sockets, or loads modules. */
function ovs(): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: metadata('ovs'),
    spec: {
      selector: { matchLabels: selector('ovs') },
      updateStrategy: { type: 'OnDelete' },
      template: {
        metadata: { labels: labels('ovs') },
        spec: {
          ...podSpec('ovs'),
          automountServiceAccountToken: false,
          hostNetwork: true,
          tolerations: [{ operator: 'Exists' }],
          containers: [
            {
              name: 'ovs',
              image: image('sluice-ovs'),
              imagePullPolicy: 'IfNotPresent',
              env: [fromField('SLUICE_NODE_NAME', 'spec.nodeName')],
              readinessProbe: {
                exec: { command: ['ovs-vsctl', '--timeout=5', '--db=unix:/run/sluice/ovs/db.sock', 'show'] },
                periodSeconds: 5,
                timeoutSeconds: 6,
              },
              resources: { requests: { cpu: '100m', memory: '128Mi' } },
              securityContext: { privileged: true },
              volumeMounts: [
                { name: 'run', mountPath: '/run/sluice' },
                { name: 'state', mountPath: '/var/lib/sluice' },
                { name: 'modules', mountPath: '/lib/modules', readOnly: true },
              ],
            },
          ],
          volumes: [
            hostPath('run', '/run/sluice', 'DirectoryOrCreate'),
            hostPath('state', '/var/lib/sluice', 'DirectoryOrCreate'),
            hostPath('modules', '/lib/modules', 'DirectoryOrCreate'),
          ],
        },
      },
    },
  };
}

export const workloads = (): readonly object[] => [
  ovs(),
  controller(),
  nodeProcess('gateway'),
  nodeProcess('agent'),
];
