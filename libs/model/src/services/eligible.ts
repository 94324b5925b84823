/** Which Services gateways serve, and which ports these have. */
import { type Family } from '@sluice/core';
import { type Service } from '@sluice/kube';
import { type TransportProtocol } from '../intent.js';
import { otherProxyLabel } from '../names.js';
import { remembered } from '../remembered.js';

/**
 * NodePort and LoadBalancer, not headless, not of another proxy. A Service that is being deleted is served until it is
 * gone. One of a foreign load balancer class is served for its node ports.
 */
export const isServed = ({ metadata, spec }: Service): boolean =>
  (spec?.type === 'NodePort' || spec?.type === 'LoadBalancer') &&
  spec.clusterIP !== 'None' &&
  metadata.labels?.[otherProxyLabel] === undefined;

/** The API server fills them in for every Service that has a cluster IP. */
export const familiesOf = remembered(({ spec }: Service): readonly Family[] => [
  ...new Set((spec?.ipFamilies ?? []).map((family) => (family === 'IPv6' ? 6 : 4))),
]);

export interface PortOfService {
  /** protocol/port, such as TCP/80: unique in a Service. */
  readonly key: string;
  /** By which slices name it; empty if it has no name. */
  readonly name: string;
  readonly protocol: TransportProtocol;
  readonly port: number;
  /** Undefined: none was allocated, as with `allocateLoadBalancerNodePorts: false`. */
  readonly nodePort: number | undefined;
}

export const protocolOf = (text: string | undefined): TransportProtocol | undefined => {
  switch (text) {
    case undefined:
      return 'TCP';
    case 'TCP':
    case 'UDP':
    case 'SCTP':
      return text;
    default:
      return undefined;
  }
};

/** In the order of the Service. */
export const portsOf = remembered(({ spec }: Service): readonly PortOfService[] =>
  (spec?.ports ?? []).flatMap(({ name = '', protocol: text, port, nodePort = 0 }) => {
    const protocol = protocolOf(text);
    if (protocol === undefined) return [];
    const key = `${protocol}/${String(port)}`;
    return [{ key, name, protocol, port, nodePort: nodePort === 0 ? undefined : nodePort }];
  }),
);
