/**
 * Who is joined to what: the hosts of a lab with their links, addresses and routes. Pure. Three networks that can be cut
 * one by one: management (a bridge in the root namespace), underlay and uplink (bridges in the namespace of the switch),
 * and behind the router a fourth one.
 */
import { join } from 'node:path';
import { outsideAddress, type Family, type LabPlan, type NodePlan, type Pair } from './plan.js';

export type Network = 'management' | 'underlay' | 'uplink' | 'routed';

export interface LinkPlan {
  readonly network: Network;
  readonly device: string;
  /** The other end: a port of the network's bridge. */
  readonly port: string;
  /** With prefix length. */
  readonly addresses: readonly string[];
  readonly defaultVia: readonly string[];
  readonly mac?: string;
}

export interface HostPlan {
  readonly name: string;
  readonly namespace: string;
  /** Routers and nodes forward, servers do not. */
  readonly forwards: boolean;
  readonly links: readonly LinkPlan[];
}

export const switchNamespace = (plan: LabPlan): string => `${plan.prefix}-switch`;
export const switchBridges = ['underlay', 'uplink', 'routed'] as const;

export const outsideServers = [
  { name: 'outside', network: 'uplink', host: 10 },
  { name: 'routed', network: 'routed', host: 10 },
] as const satisfies readonly { name: string; network: Network; host: number }[];

const routerHost = 1;
const testerHost = 11;
const prefixLengths: Readonly<Record<Family, number>> = { ipv4: 24, ipv6: 64 };
const both: readonly Family[] = ['ipv4', 'ipv6'];

const withLength = (pair: Pair, families: readonly Family[]): readonly string[] =>
  families.map((family) => `${pair[family]}/${prefixLengths[family]}`);

const gatewayOf = (network: 'uplink' | 'routed', families: readonly Family[]): readonly string[] =>
  families.map((family) => outsideAddress(network, routerHost)[family]);

const portPrefixes: Readonly<Record<Network, string>> = {
  management: '',
  underlay: 'u',
  uplink: 'e',
  routed: 'r',
};

/** Name of a host's port: unique in its bridge's namespace, at most 15 characters (IFNAMSIZ). */
function portName(plan: LabPlan, network: Network, host: string): string {
  if (network !== 'management') return `${portPrefixes[network]}-${host}`;
  return `${plan.bridge}-${host.replace(/^(\w)\w*?-(\d+)$/, '$1$2')}`;
}

function nodeLinks(plan: LabPlan, node: NodePlan): readonly LinkPlan[] {
  const link = (network: Network, device: string, pair: Pair, families = plan.families) => ({
    network,
    device,
    port: portName(plan, network, node.name),
    addresses: withLength(pair, families),
  });
  const management = link('management', 'm0', node.management, both);
  const underlay = { ...link('underlay', 'u0', node.underlay), defaultVia: [] };
  if (node.uplink === undefined) {
    const defaultVia = plan.families.map((family) => plan.managementRouter[family]);
    return [{ ...management, defaultVia }, underlay];
  }
  const uplink = link('uplink', 'e0', node.uplink);
  return [
    { ...management, defaultVia: [] },
    underlay,
    { ...uplink, defaultVia: gatewayOf('uplink', plan.families), mac: node.uplink.mac },
  ];
}

function router(plan: LabPlan): HostPlan {
  const link = (network: Network, device: string, pair: Pair, families: readonly Family[]): LinkPlan => ({
    network,
    device,
    port: portName(plan, network, 'router'),
    addresses: withLength(pair, families),
    defaultVia: [],
  });
  return {
    name: 'router',
    namespace: `${plan.prefix}-router`,
    forwards: true,
    links: [
      link('management', 'm0', plan.managementRouter, both),
      link('uplink', 'e0', outsideAddress('uplink', routerHost), plan.families),
      link('routed', 'r0', outsideAddress('routed', routerHost), plan.families),
    ],
  };
}

function server(plan: LabPlan, { name, network, host }: (typeof outsideServers)[number]): HostPlan {
  const link: LinkPlan = {
    network,
    device: network === 'uplink' ? 'e0' : 'r0',
    port: portName(plan, network, name),
    addresses: withLength(outsideAddress(network, host), plan.families),
    defaultVia: gatewayOf(network, plan.families),
  };
  return { name, namespace: `${plan.prefix}-${name}`, forwards: false, links: [link] };
}

export const testerName = 'tester';

/** A client outside that reaches the API server, too: tests of others run here. */
const tester = (plan: LabPlan): HostPlan => ({
  name: testerName,
  namespace: `${plan.prefix}-${testerName}`,
  forwards: false,
  links: [
    {
      network: 'management',
      device: 'm0',
      port: portName(plan, 'management', testerName),
      addresses: withLength(plan.managementTester, both),
      defaultVia: [],
    },
    {
      network: 'uplink',
      device: 'e0',
      port: portName(plan, 'uplink', testerName),
      addresses: withLength(outsideAddress('uplink', testerHost), plan.families),
      defaultVia: gatewayOf('uplink', plan.families),
    },
  ],
});

/** Every host of the lab except the switch and the root namespace. */
export function hosts(plan: LabPlan): readonly HostPlan[] {
  return [
    ...plan.nodes.map((node) => ({
      name: node.name,
      namespace: node.namespace,
      forwards: true,
      links: nodeLinks(plan, node),
    })),
    router(plan),
    tester(plan),
    ...outsideServers.map((entry) => server(plan, entry)),
  ];
}

export interface Route {
  readonly to: string;
  readonly via: string;
}

/** Routes to the Pods of all other nodes, by their management addresses: what a CNI without overlay sets up. */
export function podRoutes(plan: LabPlan, node: NodePlan): readonly Route[] {
  return plan.nodes
    .filter((other) => other.name !== node.name)
    .flatMap((other) =>
      plan.families.map((family) => ({ to: other.podCidrs[family], via: other.management[family] })),
    );
}

/** The host directory of the OVS sockets that the node sees as /run/sluice/ovs. */
export const ovsRunDirectory = (node: NodePlan): string => join(node.directory, 'run', 'sluice', 'ovs');
