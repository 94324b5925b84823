/**
 * Makes the hosts of the topology. Idempotent and safe to repeat after a crash: a namespace or link that is finished has
 * the alias `ready`, set as the last step; anything without it is made anew. A finished link is left alone, since
 * Sluice takes interfaces over and moves their addresses.
 */
import { attempt, run } from './command.js';
import { hasNamespace, inNamespace, ipBatch } from './namespaces.js';
import { type LabPlan } from './plan.js';
import {
  hosts,
  podRoutes,
  switchBridges,
  switchNamespace,
  type HostPlan,
  type LinkPlan,
} from './topology.js';

interface IpLink {
  readonly ifname: string;
  readonly ifalias?: string;
}

const ready = 'ready';

/** Strict reverse-path filtering and no redirects, as careful distributions have it; no waiting for duplicate addresses. */
const commonSettings = [
  'net.ipv6.conf.all.accept_dad=0',
  'net.ipv6.conf.default.accept_dad=0',
  'net.ipv6.conf.default.accept_ra=0',
];
const forwardingSettings = [
  'net.ipv4.ip_forward=1',
  'net.ipv6.conf.all.forwarding=1',
  'net.ipv4.conf.all.send_redirects=0',
  'net.ipv4.conf.default.send_redirects=0',
  'net.ipv4.conf.all.rp_filter=1',
  'net.ipv4.conf.default.rp_filter=1',
];

async function links(namespace: string | undefined): Promise<readonly IpLink[]> {
  const where = namespace === undefined ? [] : ['-n', namespace];
  return JSON.parse((await run(['ip', ...where, '-json', 'link', 'show'])) || '[]') as readonly IpLink[];
}

const isReady = (found: readonly IpLink[], device: string): boolean =>
  found.some(({ ifname, ifalias }) => ifname === device && ifalias === ready);

/** A namespace with its settings. Resolves to the links that it has. */
async function ensureNamespace(name: string, settings: readonly string[]): Promise<readonly IpLink[]> {
  if (hasNamespace(name)) {
    const found = await attempt(['ip', '-n', name, '-json', 'link', 'show']);
    // a crash between making the file and mounting the namespace on it leaves a file that is no namespace
    if (found === undefined) await run(['rm', '-f', `/run/netns/${name}`]);
    else if (isReady(JSON.parse(found) as IpLink[], 'lo')) return JSON.parse(found) as IpLink[];
  }
  if (!hasNamespace(name)) await run(['ip', 'netns', 'add', name]);
  await run(inNamespace(name, ['sysctl', '-qw', ...settings]));
  await ipBatch(name, ['link set lo up', `link set lo alias ${ready}`]);
  return links(name);
}

/** The management bridge, in the root namespace: the control plane listens on it. */
export async function ensureManagementBridge(plan: LabPlan): Promise<void> {
  const { bridge, host } = plan;
  const found = await links(undefined);
  if (isReady(found, bridge)) return;
  const remove = found.some(({ ifname }) => ifname === bridge) ? [`link del ${bridge}`] : [];
  await ipBatch(undefined, [
    ...remove,
    `link add ${bridge} type bridge mcast_snooping 0`,
    `addr add ${host.ipv4}/24 dev ${bridge}`,
    `addr add ${host.ipv6}/64 dev ${bridge} nodad`,
    `link set ${bridge} up`,
    `link set ${bridge} alias ${ready}`,
  ]);
}

async function ensureSwitch(plan: LabPlan): Promise<void> {
  const name = switchNamespace(plan);
  const found = await ensureNamespace(name, [
    'net.ipv6.conf.all.disable_ipv6=1',
    'net.ipv6.conf.default.disable_ipv6=1',
  ]);
  const missing = switchBridges.filter((bridge) => !found.some(({ ifname }) => ifname === bridge));
  await ipBatch(
    name,
    missing.flatMap((bridge) => [`link add ${bridge} up type bridge mcast_snooping 0`]),
  );
}

/** Where a network's ports are, and the bridge that joins them. */
const bridgeOf = (plan: LabPlan, { network }: LinkPlan): { namespace: string | undefined; bridge: string } =>
  network === 'management'
    ? { namespace: undefined, bridge: plan.bridge }
    : { namespace: switchNamespace(plan), bridge: network };

/**
 * The userspace datapath reads packets before a device would fill in their checksums or merge them, so both are off at
 * each end of what it may read.
 */
async function withoutOffloads(namespace: string | undefined, device: string): Promise<void> {
  const command = ['ethtool', '-K', device, 'tx', 'off', 'gro', 'off'];
  await run(namespace === undefined ? command : inNamespace(namespace, command));
}

async function makeLink(plan: LabPlan, host: HostPlan, link: LinkPlan): Promise<void> {
  const { device, port } = link;
  const { namespace, bridge } = bridgeOf(plan, link);
  const portIn = namespace === undefined ? [] : ['-n', namespace];
  await attempt(['ip', ...portIn, 'link', 'del', port]); // half-made by a lab that was killed
  const mac = link.mac === undefined ? '' : ` address ${link.mac}`;
  const root = namespace ?? process.pid; // ip-link(8) takes a process for its namespace
  await ipBatch(host.namespace, [`link add ${device}${mac} type veth peer name ${port} netns ${root}`]);
  await ipBatch(namespace, [`link set ${port} master ${bridge} up`]);
  await withoutOffloads(namespace, port);
  await withoutOffloads(host.namespace, device);
  await ipBatch(host.namespace, [
    ...link.addresses.map(
      (address) => `addr add ${address} dev ${device}${address.includes(':') ? ' nodad' : ''}`,
    ),
    `link set ${device} up`,
    ...link.defaultVia.map((via) => `route replace default via ${via} dev ${device}`),
    `link set ${device} alias ${ready}`,
  ]);
}

async function ensureHost(plan: LabPlan, host: HostPlan): Promise<void> {
  const settings = host.forwards ? [...commonSettings, ...forwardingSettings] : commonSettings;
  const found = await ensureNamespace(host.namespace, settings);
  for (const link of host.links) {
    if (!isReady(found, link.device)) await makeLink(plan, host, link);
  }
}

/** All hosts with their links, and the routes between the nodes' Pods. */
export async function ensureNetworks(plan: LabPlan): Promise<void> {
  await ensureManagementBridge(plan);
  await ensureSwitch(plan);
  for (const host of hosts(plan)) await ensureHost(plan, host);
  for (const node of plan.nodes) {
    const routes = podRoutes(plan, node);
    await ipBatch(
      node.namespace,
      routes.map(({ to, via }) => `route replace ${to} via ${via} dev m0`),
    );
  }
}

/**
 * Joins a host's port to its network or takes it out, at the switch: the host's own link stays up and has a carrier, so
 * that only silence tells it. Does nothing if it is as it should be.
 */
export async function joinPort(plan: LabPlan, link: LinkPlan, joined: boolean): Promise<void> {
  const { namespace, bridge } = bridgeOf(plan, link);
  await ipBatch(namespace, [`link set ${link.port} ${joined ? `master ${bridge}` : 'nomaster'}`]);
}
