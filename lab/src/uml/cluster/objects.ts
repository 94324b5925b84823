/** What the small cluster's API server is told, as kubelets and users would tell it. Pure. */
import { type KubeObject } from '@sluice/kube';
import { type Family, type Pair } from '../../plan.js';

export const podAddresses: Pair = { ipv4: '10.244.1.5', ipv6: 'fd00:244:0:1::5' };
export const podCidrs: Pair = { ipv4: '10.244.1.0/24', ipv6: 'fd00:244:0:1::/64' };
/** By what the Pod does there: read, or reset what has connected. */
export const nodePorts = { read: 30_080, reset: 30_081 } as const;
export const targetPorts = { read: 9100, reset: 9101 } as const;

const kinds = ['read', 'reset'] as const;

const ready = { type: 'Ready', status: 'True', reason: 'Made', message: 'by hand' } as const;

export interface NodeFacts {
  readonly name: string;
  readonly gateway?: true;
  readonly podCidrs?: Pair;
  readonly internalAddresses: readonly string[];
}

const both = ({ ipv4, ipv6 }: Pair): string[] => [ipv4, ipv6];

export const nodeObject = ({ name, gateway, podCidrs: cidrs }: NodeFacts) => ({
  metadata: { name, labels: gateway === true ? { 'sluice.dev/gateway': 'true' } : {} },
  spec: cidrs === undefined ? {} : { podCIDR: cidrs.ipv4, podCIDRs: both(cidrs) },
});

export const nodeStatus = ({ internalAddresses }: NodeFacts) => ({
  addresses: internalAddresses.map((address) => ({ type: 'InternalIP', address })),
  conditions: [ready],
});

export const pool = (nextHops: Pair) => ({
  metadata: { name: 'default' },
  spec: {
    ranges: [{ cidr: '198.18.0.96/27' }, { start: '2001:db8:18::100', end: '2001:db8:18::11f' }],
    uplink: { nextHops: both(nextHops) },
    slots: 64,
    dualStack: 'Paired' as const,
  },
});

export const podObject = (nodeName: string) => ({
  metadata: { namespace: 'default', name: 'server', labels: { app: 'server' } },
  spec: { nodeName, containers: [{ name: 'server', image: 'none' }] },
});

export const podStatus = (hostIP: string) => ({
  phase: 'Running',
  hostIP,
  podIP: podAddresses.ipv4,
  podIPs: both(podAddresses).map((ip) => ({ ip })),
  conditions: [ready],
});

export const service = {
  metadata: { namespace: 'default', name: 'server' },
  spec: {
    type: 'NodePort',
    ipFamilyPolicy: 'RequireDualStack',
    ipFamilies: ['IPv4', 'IPv6'],
    ports: kinds.map((name) => ({
      name,
      protocol: 'TCP' as const,
      port: targetPorts[name],
      targetPort: targetPorts[name],
      nodePort: nodePorts[name],
    })),
  },
} as const;

/** Without a selector of the Service nobody else writes it. */
export const endpoints = (nodeName: string, pod: KubeObject, family: Family) => ({
  metadata: {
    namespace: 'default',
    name: `server-${family}`,
    labels: { 'kubernetes.io/service-name': 'server' },
  },
  addressType: family === 'ipv4' ? ('IPv4' as const) : ('IPv6' as const),
  endpoints: [
    {
      addresses: [podAddresses[family]],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName,
      targetRef: { kind: 'Pod', namespace: 'default', name: 'server', uid: pod.metadata.uid ?? '' },
    },
  ],
  ports: kinds.map((name) => ({ name, protocol: 'TCP', port: targetPorts[name] })),
});
