/**
 * What breaks, on purpose: programs of a node die, are kept dead or freeze; its ports at the switch lead nowhere; Redis
 * goes away. Healing puts back whatever was broken, by looking and not by memory, so that it may be called at any time.
 */
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { isInCgroup } from './cgroups.js';
import { run, until } from './command.js';
import { ensureControlPlane } from './control-plane.js';
import { hasNamespace, inNamespace, inNode, namespaceFile } from './namespaces.js';
import { joinPort } from './networks.js';
import { ensureKubelet, ensureNodeRuntime } from './node.js';
import { ensureOutside, ensureRedis } from './outside.js';
import { ports, type LabPlan, type NodePlan } from './plan.js';
import { commandOf, isStopped, networkOf, parentOf, processes, readOr, send } from './process-table.js';
import { recorded, runningPid } from './processes.js';
import { setRedisClock } from './redis-clock.js';
import { hosts, switchNamespace, type LinkPlan, type Network } from './topology.js';
import { waitForNodes } from './up.js';

export const faults = [
  'process',
  'ovs',
  'node',
  'uplink',
  'underlay',
  'redis-link',
  'api-link',
  'redis',
  'redis-clock',
  'api',
] as const;
export type Fault = (typeof faults)[number];

/** What is away for everybody: nobody restarts it before it is healed. */
const common = { redis: 'redis', 'redis-clock': 'redis', api: 'kube-apiserver' } as const;
export type CommonFault = keyof typeof common;
export type NodeFault = Exclude<Fault, CommonFault>;

export const isCommon = (how: Fault): how is CommonFault => how in common;

/**
 * die: killed, and whoever supervises it may start it again. hold: killed, and its supervisor stopped, so that it stays
 * dead until it is healed (or until the kubelet's probes have the container replaced). freeze: stopped as it is, with
 * its sockets open: what a machine looks like that swaps or hangs.
 */
export type Manner = 'die' | 'hold' | 'freeze';

export function nodeOf(plan: LabPlan, name: string): NodePlan {
  const node = plan.nodes.find((entry) => entry.name === name);
  if (node !== undefined) return node;
  throw new RangeError(
    `the lab has no node ${name}; it has ${plan.nodes.map((entry) => entry.name).join(', ')}`,
  );
}

/** Processes of a node: in its network, or in a container of one of its Pods. */
function membersOf({ namespace }: NodePlan): readonly number[] {
  if (!hasNamespace(namespace)) return [];
  const network = `net:[${statSync(namespaceFile(namespace)).ino}]`;
  const group = new RegExp(`^${namespace}$`);
  return processes().filter(
    (pid) => networkOf(pid) === network || isInCgroup(readOr(`/proc/${pid}/cgroup`, ''), group),
  );
}

type Target = 'process' | 'ovs';

/** By the program and its arguments: the supervisor's command line ends with the same words, but is a shell's. */
function isTarget(node: NodePlan, target: Target, [program = '', ...args]: readonly string[]): boolean {
  if (target === 'ovs') return basename(program) === 'ovs-vswitchd';
  const bundle = node.role === 'gateway' ? 'gateway.mjs' : 'agent.mjs';
  return basename(program) === 'node' && args.some((word) => basename(word) === bundle);
}

const isSupervisor = (pid: number): boolean => commandOf(pid).some((word) => basename(word) === 'supervise');

/** Process ids of Sluice's own process on a node, or of ovs-vswitchd. */
export const processesOf = (node: NodePlan, target: Target): readonly number[] =>
  membersOf(node).filter((pid) => isTarget(node, target, commandOf(pid)));

function strike(node: NodePlan, target: Target, manner: Manner): void {
  const found = processesOf(node, target);
  if (found.length === 0) {
    const what =
      target === 'ovs' ? 'ovs-vswitchd' : `Sluice's ${node.role === 'gateway' ? 'gateway' : 'agent'}`;
    throw new Error(`${what} does not run on ${node.name}`);
  }
  if (manner === 'hold') {
    for (const parent of found.map(parentOf).filter(isSupervisor)) send(parent, 'SIGSTOP');
  }
  for (const pid of found) send(pid, manner === 'freeze' ? 'SIGSTOP' : 'SIGKILL');
}

/** Again and again until none is left, since a process may start another one while we look. */
async function strikeNode(node: NodePlan, manner: Manner): Promise<void> {
  if (manner === 'freeze') {
    membersOf(node).forEach((pid) => send(pid, 'SIGSTOP'));
    return;
  }
  await until(`all processes of ${node.name} to end`, () => {
    const left = membersOf(node);
    left.forEach((pid) => send(pid, 'SIGKILL'));
    return left.length === 0;
  });
}

const anHour = 3600;

/** Of Redis's clock: it is an hour ahead. */
function strikeCommon(plan: LabPlan, how: CommonFault, manner: Manner): void {
  const name = common[how];
  const pid = runningPid(plan.directory, name);
  if (pid === undefined) throw new Error(`${name} does not run`);
  if (how === 'redis-clock') {
    setRedisClock(plan, anHour);
    return;
  }
  send(pid, manner === 'freeze' ? 'SIGSTOP' : 'SIGKILL');
}

const cutTable = 'lab_cut';
const cutPorts = { 'redis-link': ports.redis, 'api-link': ports.api } as const;

/** What the node says to a service of the management network, and what it hears from it, is swallowed. */
async function cut(node: NodePlan, how: keyof typeof cutPorts): Promise<void> {
  const port = cutPorts[how];
  const rules = [
    `add table inet ${cutTable}`,
    `add chain inet ${cutTable} out { type filter hook output priority -300; }`,
    `add chain inet ${cutTable} in { type filter hook prerouting priority -300; }`,
    `add rule inet ${cutTable} out oifname "m0" tcp dport ${port} drop`,
    `add rule inet ${cutTable} in iifname "m0" tcp sport ${port} drop`,
  ];
  await run(inNamespace(node.namespace, ['nft', rules.join('; ')]));
}

const uncut = (node: NodePlan): Promise<unknown> =>
  run(inNamespace(node.namespace, ['nft', `add table inet ${cutTable}; delete table inet ${cutTable}`]));

function linkOf(plan: LabPlan, node: NodePlan, network: Network): LinkPlan {
  const host = hosts(plan).find(({ name }) => name === node.name);
  const link = host?.links.find((entry) => entry.network === network);
  if (link === undefined) throw new RangeError(`${node.name} is not joined to the ${network} network`);
  return link;
}

/** Resolves when the fault is there. `redis` and `api` need no node, and are away until they are healed. */
export async function fail(
  plan: LabPlan,
  how: Fault,
  node?: NodePlan,
  manner: Manner = 'die',
): Promise<void> {
  if (isCommon(how)) {
    strikeCommon(plan, how, manner);
    return;
  }
  if (node === undefined) throw new RangeError(`--how ${how} needs a node`);
  switch (how) {
    case 'process':
    case 'ovs':
      strike(node, how, manner);
      break;
    case 'node':
      await strikeNode(node, manner);
      break;
    case 'uplink':
    case 'underlay':
      await joinPort(plan, linkOf(plan, node, how), false);
      break;
    case 'redis-link':
    case 'api-link':
      await cut(node, how);
      break;
  }
}

async function healNode(plan: LabPlan, node: NodePlan): Promise<void> {
  membersOf(node)
    .filter(isStopped)
    .forEach((pid) => send(pid, 'SIGCONT'));
  const links = hosts(plan).find(({ name }) => name === node.name)?.links ?? [];
  for (const link of links) await joinPort(plan, link, true);
  await uncut(node);
  await ensureNodeRuntime(plan, node);
}

/** Puts back what is there for everybody: API server, Redis and the lab's other programs. */
export async function healCommon(plan: LabPlan): Promise<void> {
  for (const name of recorded(plan.directory)) {
    const pid = runningPid(plan.directory, name);
    if (pid !== undefined && isStopped(pid)) send(pid, 'SIGCONT');
  }
  await ensureControlPlane(plan);
  await ensureOutside(plan);
  ensureRedis(plan);
}

/**
 * Puts back what `fail` broke, on one node or everywhere, and what is there for everybody besides; resolves when the nodes
 * are Ready. Sluice's own recovery is not waited for.
 */
export async function heal(plan: LabPlan, only?: NodePlan): Promise<void> {
  const nodes = only === undefined ? plan.nodes : [only];
  await healCommon(plan);
  for (const node of nodes) await healNode(plan, node);
  for (const node of nodes) ensureKubelet(plan, node);
  await waitForNodes(plan, nodes);
}

/** A command as it runs on a host of the lab: on a node with the node's files, elsewhere in its network alone. */
export function commandOn(plan: LabPlan, name: string, command: readonly string[]): readonly string[] {
  const node = plan.nodes.find((entry) => entry.name === name);
  if (node !== undefined) return inNode(plan, node, command);
  if (name === 'switch') return inNamespace(switchNamespace(plan), command);
  const host = hosts(plan).find((entry) => entry.name === name);
  if (host !== undefined) return inNamespace(host.namespace, command);
  const known = [...hosts(plan).map((entry) => entry.name), 'switch'];
  throw new RangeError(`the lab has no host ${name}; it has ${known.join(', ')}`);
}
