/** What the small cluster's API server is told, as kubelets and users would tell it. Pure. */
import { type KubeObject } from '@sluice/kube';

export const podAddress = '10.244.1.5';
export const podCidr = '10.244.1.0/24';
export const clusterCidr = '10.244.0.0/16';
/** By what the Pod does there: read, or reset what has connected. */
export const nodePorts = { read: 30_080, reset: 30_081 } as const;
export const targetPorts = { read: 9100, reset: 9101 } as const;

const kinds = ['read', 'reset'] as const;

const ready = { type: 'Ready', status: 'True', reason: 'Made', message: 'by hand' } as const;

export interface NodeFacts {
  readonly name: string;
  readonly gateway?: true;
  readonly podCidr?: string;
  readonly internalAddress: string;
}

export const nodeObject = ({ name, gateway, podCidr: cidr }: NodeFacts) => ({
  metadata: { name, labels: gateway === true ? { 'sluice.dev/gateway': 'true' } : {} },
  spec: cidr === undefined ? {} : { podCIDR: cidr, podCIDRs: [cidr] },
});

export const nodeStatus = ({ internalAddress }: NodeFacts) => ({
  addresses: [{ type: 'InternalIP', address: internalAddress }],
  conditions: [ready],
});

export const pool = (nextHop: string) => ({
  metadata: { name: 'default' },
  spec: {
    ranges: [{ cidr: '198.18.0.96/27' }],
    uplink: { nextHops: [nextHop] },
    slots: 64,
    dualStack: 'Single' as const,
  },
});

export const podObject = (nodeName: string) => ({
  metadata: { namespace: 'default', name: 'server', labels: { app: 'server' } },
  spec: { nodeName, containers: [{ name: 'server', image: 'none' }] },
});

export const podStatus = (hostIP: string) => ({
  phase: 'Running',
  hostIP,
  podIP: podAddress,
  podIPs: [{ ip: podAddress }],
  conditions: [ready],
});

export const service = {
  metadata: { namespace: 'default', name: 'server' },
  spec: {
    type: 'NodePort',
    ipFamilyPolicy: 'SingleStack',
    ipFamilies: ['IPv4'],
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
export const endpoints = (nodeName: string, pod: KubeObject) => ({
  metadata: { namespace: 'default', name: 'server', labels: { 'kubernetes.io/service-name': 'server' } },
  addressType: 'IPv4' as const,
  endpoints: [
    {
      addresses: [podAddress],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName,
      targetRef: { kind: 'Pod', namespace: 'default', name: 'server', uid: pod.metadata.uid ?? '' },
    },
  ],
  ports: kinds.map((name) => ({ name, protocol: 'TCP', port: targetPorts[name] })),
});
