/** Every way to the targets of a lab: node ports on each gateway, addresses of load balancers, in each family. Pure. */
import { type LabPlan } from '@sluice/lab';
import { inUrl } from '../visits/visit.js';

interface Port {
  readonly name: string;
  readonly port: number;
  readonly nodePort?: number;
}

/** The part of a Service that is looked at. */
export interface LabService {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly type?: string; readonly ports: readonly Port[] };
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip: string }[] } };
}

type Places = Pick<LabPlan, 'nodes' | 'families'>;

const uplinksOf = ({ nodes, families }: Places): readonly string[] =>
  nodes.flatMap(({ uplink }) => (uplink === undefined ? [] : families.map((family) => uplink[family])));

/** HOST:PORT of a named port of a Service. */
function waysTo(plan: Places, { spec, status }: LabService, name: string): readonly string[] {
  const found = spec.ports.find((port) => port.name === name);
  if (found === undefined) return [];
  const { port, nodePort } = found;
  const balanced = (status?.loadBalancer?.ingress ?? []).map(({ ip }) => `${inUrl(ip)}:${port}`);
  const gateways = nodePort === undefined ? [] : uplinksOf(plan).map((ip) => `${inUrl(ip)}:${nodePort}`);
  return [...gateways, ...balanced];
}

/** As the environment of a run has them. */
export function targetsIn(plan: Places, services: readonly LabService[]): Readonly<Record<string, string>> {
  const all = (wanted: readonly string[], port: string): string =>
    services
      .filter(({ metadata }) => wanted.includes(metadata.name))
      .flatMap((service) => waysTo(plan, service, port))
      .join(',');
  return {
    LOAD_HTTP: all(['node-port', 'load-balancer'], 'http'),
    LOAD_TCP: all(['node-port', 'load-balancer'], 'tcp'),
    LOAD_AFFINITY: all(['affinity'], 'http'),
  };
}
