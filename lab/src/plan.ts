/**
 * Names and addresses of one lab, computed from its size. Pure: two labs never share a name, a management subnet or a
 * listening address; what Pods and outside hosts see is the same in each.
 */
import { join } from 'node:path';

export type Family = 'ipv4' | 'ipv6';
export type Families = 'dual' | Family;

export interface LabSize {
  readonly name: string;
  readonly workers: number;
  readonly gateways: number;
  readonly families: Families;
}

/** One address per family, without prefix length. */
export interface Pair {
  readonly ipv4: string;
  readonly ipv6: string;
}

export interface NodePlan {
  readonly name: string;
  readonly role: 'worker' | 'gateway';
  /** Name of its network namespace, and of its cgroup. */
  readonly namespace: string;
  /** The node's own files; what the node sees as /run, /var and /etc lies in it. */
  readonly directory: string;
  readonly management: Pair;
  readonly underlay: Pair;
  /** Gateways only. */
  readonly uplink?: Pair & { readonly mac: string };
  readonly podCidrs: Pair;
}

export interface LabPlan {
  readonly size: LabSize;
  readonly index: number;
  readonly directory: string;
  /** Prefix of network namespaces and cgroups. */
  readonly prefix: string;
  /** The bridge of the management network in the root namespace; its ports start with the same text. */
  readonly bridge: string;
  /** Families of Pods, Services and outside networks, the first one is the primary one. */
  readonly families: readonly Family[];
  /** Address of the root namespace on the management network: API server, DNS, Redis. */
  readonly host: Pair;
  /** A loopback address of this lab alone: etcd and the health ports of the control plane. */
  readonly loopback: string;
  readonly managementRouter: Pair;
  /** Of the host that reaches the API server and the uplink. */
  readonly managementTester: Pair;
  readonly nodes: readonly NodePlan[];
  readonly kubeconfig: string;
}

export const defaultStateRoot = '/var/lib/sluice-lab';
export const clusterCidrs: Pair = { ipv4: '10.244.0.0/16', ipv6: 'fd00:244::/48' };
export const serviceCidrs: Pair = { ipv4: '10.96.0.0/16', ipv6: 'fd00:96::/112' };
export const apiService: Pair = { ipv4: '10.96.0.1', ipv6: 'fd00:96::1' };
export const ports = {
  api: 6443,
  redis: 6379,
  etcd: 2379,
  etcdPeer: 2380,
  echoHttp: 8080,
  echoUdp: 8081,
} as const;
/** Where Sluice's parts tell how they are, in the network of their node; what they take unless told. */
export const statusPorts = { agent: 9810, gateway: 9811, controller: 9812 } as const;

/** Networks outside the cluster; the same in every lab, each in namespaces of its own. */
export const outsideNetworks = {
  uplink: { ipv4: '198.18.0.', ipv6: '2001:db8:18::' },
  routed: { ipv4: '203.0.113.', ipv6: '2001:db8:203::' },
  underlay: { ipv4: '172.31.0.', ipv6: 'fd00:31::' },
} as const satisfies Record<string, Pair>;

/** Gateways' node numbers start here, so that another worker moves no address. */
const firstGatewayNumber = 101;
/** Uplink addresses .3 to .9 are for gateways; .10 is the server. */
const sizeLimits = { workers: [1, 50], gateways: [1, 7] } as const;
const defaultIndex = 89;

/** Second byte of the management subnet, from 1 to 88. A lab's name always gets the same; the default lab has 89. */
export function labIndex(name: string): number {
  if (name === 'lab') return defaultIndex;
  return Array.from(name).reduce((hash, character) => (hash * 31 + character.charCodeAt(0)) % 88, 7) + 1;
}

/** The address of a host in a network; the host number is written alike in both families. */
const at = (network: Pair, host: number): Pair => ({
  ipv4: `${network.ipv4}${host}`,
  ipv6: `${network.ipv6}${host}`,
});

export const outsideAddress = (network: keyof typeof outsideNetworks, host: number): Pair =>
  at(outsideNetworks[network], host);

function checkSize(size: LabSize): void {
  for (const key of ['workers', 'gateways'] as const) {
    const [least, most] = sizeLimits[key];
    if (!Number.isInteger(size[key]) || size[key] < least || size[key] > most) {
      throw new RangeError(`--${key} ${size[key]}: a lab has ${least} to ${most}`);
    }
  }
  if (!/^[a-z][a-z0-9]{0,5}$/.test(size.name)) {
    throw new RangeError(`--name ${size.name}: one to six lower-case letters or digits, a letter first`);
  }
}

interface Surroundings {
  readonly directory: string;
  readonly prefix: string;
  readonly management: Pair;
}

function planNode(
  { directory, prefix, management }: Surroundings,
  role: NodePlan['role'],
  ordinal: number,
): NodePlan {
  const number = role === 'worker' ? ordinal : firstGatewayNumber - 1 + ordinal;
  const uplinkHost = ordinal + 2;
  const mac = `02:5c:18:00:00:${uplinkHost.toString(16).padStart(2, '0')}`;
  const name = `${role}-${ordinal}`;
  return {
    name,
    role,
    namespace: `${prefix}-${name}`,
    directory: join(directory, 'nodes', name),
    management: at(management, 10 + number),
    underlay: outsideAddress('underlay', number),
    ...(role === 'gateway' ? { uplink: { ...outsideAddress('uplink', uplinkHost), mac } } : {}),
    podCidrs: { ipv4: `10.244.${number}.0/24`, ipv6: `fd00:244:0:${number}::/64` },
  };
}

const count = (length: number): readonly number[] => Array.from({ length }, (_, i) => i + 1);

/** Throws RangeError for a size or a name that the addressing has no room for. */
export function planLab(size: LabSize, stateRoot = defaultStateRoot): LabPlan {
  checkSize(size);
  const index = labIndex(size.name);
  const prefix = prefixOf(size.name);
  const directory = join(stateRoot, size.name);
  const management = { ipv4: `10.${index}.0.`, ipv6: `fd00:${index}::` };
  const surroundings = { directory, prefix, management };
  return {
    size,
    index,
    directory,
    prefix,
    bridge: `sl${index}`,
    families: size.families === 'dual' ? ['ipv4', 'ipv6'] : [size.families],
    host: at(management, 1),
    loopback: `127.${index}.0.1`,
    managementRouter: at(management, 254),
    managementTester: at(management, 253),
    nodes: [
      ...count(size.workers).map((ordinal) => planNode(surroundings, 'worker', ordinal)),
      ...count(size.gateways).map((ordinal) => planNode(surroundings, 'gateway', ordinal)),
    ],
    kubeconfig: join(directory, 'kubeconfig'),
  };
}

export const prefixOf = (name: string): string => (name === 'lab' ? 'sluice' : `sluice-${name}`);

/** The values of the families that the lab has, the primary one first. */
export const ofFamilies = ({ families }: LabPlan, pair: Pair): readonly string[] =>
  families.map((family) => pair[family]);

/** Address of the control plane as nodes reach it, in the primary family. */
export const hostAddress = (plan: LabPlan): string => plan.host[plan.families[0] ?? 'ipv4'];

/** HOST:PORT, an IPv6 address in brackets (RFC 3986 section 3.2.2). */
export const hostPort = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
